import { Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useRouter, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api } from "../../api/client";
import { Note } from "../../parts/note";
import { ProblemNote } from "../../parts/problem-note";
import { sessionQuery } from "../../session";
import { Gate } from "../../shell/gate";

export function SignInPage() {
  const { from } = useSearch({ from: "/sign-in" });
  const client = useQueryClient();
  const router = useRouter();
  const navigate = useNavigate();
  const setup = api.useQuery("get", "/api/v1/setup");
  const signIn = api.useMutation("post", "/api/v1/session");
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");

  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate(
      { body: { name, password } },
      {
        onSuccess: (session) => {
          client.setQueryData(sessionQuery.queryKey, session);
          // Only a path of ours: "//elsewhere" would lead away.
          if (from?.startsWith("/") && !from.startsWith("//")) router.history.push(from);
          else void navigate({ to: "/live" });
        },
      },
    );
  };

  return (
    <Gate title="Sign in" about="Automated grading in containers.">
      <form onSubmit={submit}>
        <Stack gap="sm">
          {setup.data?.needed && (
            <Note>
              <strong>Nobody can sign in yet.</strong> The hub printed a set-up link when it started: open that link to
              make the administrator.
            </Note>
          )}
          <TextInput
            label="Name"
            autoComplete="username"
            autoFocus
            required
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <PasswordInput
            label="Password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          {signIn.isError && <ProblemNote error={signIn.error} />}
          <Button type="submit" variant="filled" loading={signIn.isPending}>
            Sign in
          </Button>
        </Stack>
      </form>
    </Gate>
  );
}
