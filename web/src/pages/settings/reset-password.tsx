import { Button, Group, Modal, PasswordInput, Stack } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { type FormEvent, useState } from "react";
import { api } from "../../api/client";
import type { User } from "../../api/types";
import { Note } from "../../parts/note";
import { ProblemNote } from "../../parts/problem-note";

/** Gives somebody else a new password; for administrators. */
export function ResetPassword({ user }: { user: User }) {
  const [opened, { open, close }] = useDisclosure(false);
  const change = api.useMutation("put", "/api/v1/users/{id}/password");
  const [password, setPassword] = useState("");
  const leave = () => {
    setPassword("");
    change.reset();
    close();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate({ params: { path: { id: user.id } }, body: { password } });
  };
  return (
    <>
      <Button size="compact-sm" h={26} aria-label={`Reset the password of ${user.name}`} onClick={open}>
        Reset password…
      </Button>
      <Modal opened={opened} onClose={leave} title={`New password for ${user.name}`}>
        {change.isSuccess ? (
          <Stack gap="sm">
            <Note tone="ok">The password is changed. Tell {user.name}, who can change it again under Settings.</Note>
            <Group justify="flex-end">
              <Button variant="filled" onClick={leave}>
                Done
              </Button>
            </Group>
          </Stack>
        ) : (
          <form onSubmit={submit}>
            <Stack gap="sm">
              <PasswordInput
                data-autofocus
                label="New password"
                description={`At least 10 characters. ${user.name} is signed out everywhere; tokens keep working.`}
                autoComplete="new-password"
                required
                minLength={10}
                value={password}
                onChange={(event) => setPassword(event.currentTarget.value)}
              />
              {change.isError && <ProblemNote error={change.error} title="The password was not changed" />}
              <Group justify="flex-end" gap="xs">
                <Button onClick={leave}>Keep the old one</Button>
                <Button type="submit" variant="filled" loading={change.isPending}>
                  Change password
                </Button>
              </Group>
            </Stack>
          </form>
        )}
      </Modal>
    </>
  );
}
