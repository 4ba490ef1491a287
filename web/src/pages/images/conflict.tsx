import { Button, Group, Modal, Stack } from "@mantine/core";
import { lazy, Suspense } from "react";
import type { ImageDetail } from "../../api/types";
import { Ago } from "../../parts/ago";

const DiffView = lazy(() => import("../../diff/diff-view").then((module) => ({ default: module.DiffView })));

interface Props {
  theirs: ImageDetail;
  ours: string;
  onOurs: () => void;
  onTheirs: () => void;
  onClose: () => void;
}

/** Two people edited the same revision: shows both and lets one choose. */
export function Conflict({ theirs, ours, onOurs, onTheirs, onClose }: Props) {
  const { revision } = theirs;
  return (
    <Modal opened onClose={onClose} title="Somebody else saved meanwhile" size="xl">
      <Stack gap="sm">
        <span>
          {revision.by} saved revision {revision.number} <Ago at={revision.created_at} />. Theirs is at the left, yours
          at the right.
        </span>
        <Suspense fallback={null}>
          <DiffView expected={revision.dockerfile} got={ours} left="Theirs" right="Yours" />
        </Suspense>
        <Group justify="flex-end" gap="xs">
          <Button onClick={onClose}>Go on editing</Button>
          <Button onClick={onTheirs}>Take theirs, drop mine</Button>
          <Button variant="filled" onClick={onOurs}>
            Save mine as revision {revision.number + 1}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
