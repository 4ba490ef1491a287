import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Confirm } from "../../parts/confirm";

interface Props {
  /** Of what goes, for its button's label. */
  name: string;
  title: string;
  action: string;
  /** Must be typed, when set. */
  typed?: string;
  /** What to read again afterwards. */
  changed: string[];
  remove: () => Promise<unknown>;
  /** Exactly what goes. */
  children: ReactNode;
}

/** A row's button that takes the row away, after asking. */
export function Remove({ name, title, action, typed, changed, remove, children }: Props) {
  const [opened, { open, close }] = useDisclosure(false);
  const client = useQueryClient();
  const removing = useMutation({
    mutationFn: remove,
    onSuccess: () => {
      close();
      void client.invalidateQueries({ queryKey: changed });
    },
  });
  return (
    <>
      <Button size="compact-sm" h={26} aria-label={`${action} ${name}`} onClick={open}>
        {action}…
      </Button>
      <Confirm
        opened={opened}
        onClose={close}
        title={title}
        typed={typed}
        action={action}
        pending={removing.isPending}
        error={removing.error}
        onConfirm={() => removing.mutate()}
      >
        {children}
      </Confirm>
    </>
  );
}
