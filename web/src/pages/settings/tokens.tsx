import { Button, CopyButton, Modal, Select, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api } from "../../api/client";
import { Ago } from "../../parts/ago";
import { Empty } from "../../parts/empty";
import { ProblemNote } from "../../parts/problem-note";
import table from "../../parts/table.module.css";
import { TableWrap } from "../../parts/table-wrap";
import { useCourseNames, useSession } from "../../session";
import { Remove } from "./remove";
import classes from "./settings.module.css";

const tokensKey = ["get", "/api/v1/tokens"];

/** API tokens: programs act as their user with them. */
export function Tokens() {
  const tokens = api.useQuery("get", "/api/v1/tokens");
  const courses = useCourseNames();
  const revoke = api.useMutation("delete", "/api/v1/tokens/{id}");
  if (tokens.isError) return <ProblemNote error={tokens.error} title="Tokens could not be read" />;
  return (
    <section className={`panel ${classes.section}`} aria-label="API tokens">
      {tokens.data?.items.length === 0 && (
        <Empty title="No tokens yet">
          A program submits jobs and reads results with a token of yours, sent as{" "}
          <span className="mono">Authorization: Bearer …</span>
        </Empty>
      )}
      {tokens.data !== undefined && tokens.data.items.length > 0 && (
        <TableWrap label="API tokens">
          <table className={table.table}>
            <thead>
              <tr>
                <th scope="col">Token</th>
                <th scope="col">Reaches</th>
                <th scope="col" className={table.wide}>
                  Last used
                </th>
                <th scope="col" className={table.wide}>
                  Made
                </th>
                <th scope="col">
                  <span className="sr-only">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {tokens.data.items.map((token) => (
                <tr key={token.id}>
                  <td className={table.grow}>{token.name}</td>
                  <td>{token.course ? courses.get(token.course) : "all your courses"}</td>
                  <td className={`${table.wide} dim`}>
                    {token.last_used_at ? <Ago at={token.last_used_at} /> : "never"}
                  </td>
                  <td className={`${table.wide} dim`}>
                    <Ago at={token.created_at} />
                  </td>
                  <td className={table.n}>
                    <Remove
                      name={token.name}
                      title={`Revoke ${token.name}?`}
                      action="Revoke"
                      changed={tokensKey}
                      remove={() => revoke.mutateAsync({ params: { path: { id: token.id } } })}
                    >
                      Programs that use it are refused from now on.
                    </Remove>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableWrap>
      )}
      <NewToken />
    </section>
  );
}

function NewToken() {
  const client = useQueryClient();
  const { courses } = useSession();
  const make = api.useMutation("post", "/api/v1/tokens");
  const [name, setName] = useState("");
  const [course, setCourse] = useState<string | null>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate(
      { body: { name, course: course ?? undefined } },
      {
        onSuccess: () => {
          setName("");
          void client.invalidateQueries({ queryKey: tokensKey });
        },
      },
    );
  };
  return (
    <>
      <form className={classes.form} onSubmit={submit}>
        <TextInput
          label="What it is for"
          required
          maxLength={64}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Select
          label="Course"
          placeholder="All your courses"
          clearable
          value={course}
          data={courses.map(({ id, title }) => ({ value: id, label: title }))}
          onChange={setCourse}
        />
        <Button type="submit" variant="filled" loading={make.isPending}>
          Make token
        </Button>
      </form>
      {make.isError && (
        <div className={classes.error}>
          <ProblemNote error={make.error} title="The token was not made" />
        </div>
      )}
      <Modal opened={make.isSuccess} onClose={make.reset} title="Your new token" size="lg">
        {make.data !== undefined && (
          <div className={classes.secret}>
            <span>Copy it now: it is shown this once, and only its fingerprint is kept.</span>
            <code>{make.data.secret}</code>
            <CopyButton value={make.data.secret}>
              {({ copied, copy }) => (
                <Button variant="filled" onClick={copy}>
                  {copied ? "Copied" : "Copy token"}
                </Button>
              )}
            </CopyButton>
          </div>
        )}
      </Modal>
    </>
  );
}
