import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { ProblemNote } from "./problem-note";

interface Props {
  opened: boolean;
  onClose: () => void;
  title: string;
  /** Exactly what goes, and what stays. */
  children: ReactNode;
  /** When set, it must be typed before the button works. */
  typed?: string;
  action: string;
  onConfirm: () => void;
  pending: boolean;
  error: unknown;
}

/** Asks before something that cannot be undone. */
export function Confirm({ opened, onClose, title, children, typed, action, onConfirm, pending, error }: Props) {
  const [text, setText] = useState("");
  const ready = typed === undefined || text === typed;
  const close = () => {
    setText("");
    onClose();
  };
  return (
    <Modal opened={opened} onClose={close} title={title}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) onConfirm();
        }}
      >
        <Stack gap="sm">
          <Text>{children}</Text>
          {typed !== undefined && (
            <TextInput
              data-autofocus
              label={`Type ${typed} to confirm`}
              value={text}
              autoComplete="off"
              onChange={(event) => setText(event.currentTarget.value)}
            />
          )}
          {error !== null && error !== undefined && <ProblemNote error={error} />}
          <Group justify="flex-end" gap="xs">
            <Button onClick={close}>Keep</Button>
            <Button type="submit" variant="filled" color="bad" disabled={!ready} loading={pending}>
              {action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
