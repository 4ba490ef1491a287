import { Button, PasswordInput, Stack } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { api } from "../../api/client";
import { Note } from "../../parts/note";
import { ProblemNote } from "../../parts/problem-note";
import { useSession } from "../../session";
import classes from "./settings.module.css";

/** One's own password. */
export function Account() {
  const { user } = useSession();
  const change = api.useMutation("put", "/api/v1/users/{id}/password");
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate(
      { params: { path: { id: user.id } }, body: { current, password } },
      {
        onSuccess: () => {
          setCurrent("");
          setPassword("");
        },
      },
    );
  };
  return (
    <section className={`panel ${classes.narrow}`} aria-label="Password">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <h2>Change password</h2>
          {/* Password managers want to know whose it is. */}
          <input type="text" autoComplete="username" value={user.name} readOnly hidden />
          <PasswordInput
            label="Current password"
            autoComplete="current-password"
            required
            value={current}
            onChange={(event) => setCurrent(event.currentTarget.value)}
          />
          <PasswordInput
            label="New password"
            description="At least 10 characters. Your other sessions end."
            autoComplete="new-password"
            required
            minLength={10}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          {change.isError && <ProblemNote error={change.error} title="The password was not changed" />}
          {change.isSuccess && <Note tone="ok">The password is changed.</Note>}
          <Button type="submit" variant="filled" loading={change.isPending}>
            Change password
          </Button>
        </Stack>
      </form>
    </section>
  );
}
