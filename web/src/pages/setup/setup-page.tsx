import { Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api } from "../../api/client";
import { Note } from "../../parts/note";
import { ProblemNote } from "../../parts/problem-note";
import { sessionQuery } from "../../session";
import { Gate } from "../../shell/gate";

/** Opened by the one-time link: makes the administrator, then shows the example course. */
export function SetupPage() {
  const { token } = useSearch({ from: "/setup" });
  const client = useQueryClient();
  const navigate = useNavigate();
  const setup = api.useQuery("get", "/api/v1/setup");
  const make = api.useMutation("post", "/api/v1/setup");
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");

  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate(
      { body: { token: token ?? "", name, password } },
      {
        onSuccess: (session) => {
          client.setQueryData(sessionQuery.queryKey, session);
          void navigate({ to: "/graders" });
        },
      },
    );
  };

  if (setup.data?.needed === false) {
    return (
      <Gate title="Already set up" about="This Assay has its administrator; the set-up link works once.">
        <Button variant="filled" fullWidth renderRoot={(props) => <Link to="/sign-in" {...props} />}>
          Sign in
        </Button>
      </Gate>
    );
  }
  return (
    <Gate title="Set up Assay" about="Make the administrator. An example course comes with it, ready to run.">
      <form onSubmit={submit}>
        <Stack gap="sm">
          {token === undefined && (
            <Note tone="warn">
              The address has no token. Open the whole set-up link that the hub printed when it started.
            </Note>
          )}
          <TextInput
            label="Name"
            description="What you type to sign in"
            autoComplete="username"
            autoFocus
            required
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <PasswordInput
            label="Password"
            description="At least 10 characters"
            autoComplete="new-password"
            required
            minLength={10}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          {make.isError && <ProblemNote error={make.error} />}
          <Button type="submit" variant="filled" loading={make.isPending} disabled={token === undefined}>
            Make the administrator
          </Button>
        </Stack>
      </form>
    </Gate>
  );
}
