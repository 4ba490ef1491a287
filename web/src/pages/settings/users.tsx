import { Button, Checkbox, PasswordInput, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api } from "../../api/client";
import { Ago } from "../../parts/ago";
import { ProblemNote } from "../../parts/problem-note";
import table from "../../parts/table.module.css";
import { TableWrap } from "../../parts/table-wrap";
import { Tag } from "../../parts/tag";
import { useSession } from "../../session";
import { Remove } from "./remove";
import { ResetPassword } from "./reset-password";
import classes from "./settings.module.css";

const usersKey = ["get", "/api/v1/users"];

/** Everybody who can sign in; for administrators. */
export function Users() {
  const { user: me } = useSession();
  const users = api.useQuery("get", "/api/v1/users");
  const remove = api.useMutation("delete", "/api/v1/users/{id}");
  if (users.isError) return <ProblemNote error={users.error} title="Users could not be read" />;
  return (
    <section className={`panel ${classes.section}`} aria-label="Users">
      <TableWrap label="Users">
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Role</th>
              <th scope="col" className={table.wide}>
                Since
              </th>
              <th scope="col">
                <span className="sr-only">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {users.data?.items.map((user) => (
              <tr key={user.id}>
                <td className={table.grow}>
                  {user.name} {user.id === me.id && <Tag>you</Tag>}
                </td>
                <td>{user.administrator ? "administrator" : "instructor"}</td>
                <td className={`${table.wide} dim`}>
                  <Ago at={user.created_at} />
                </td>
                <td className={table.n}>
                  {user.id !== me.id && (
                    <div className={classes.actions}>
                      <ResetPassword user={user} />
                      <Remove
                        name={user.name}
                        title={`Remove ${user.name}?`}
                        action="Remove"
                        typed={user.name}
                        changed={usersKey}
                        remove={() => remove.mutateAsync({ params: { path: { id: user.id } } })}
                      >
                        {user.name} is signed out everywhere and cannot sign in any more; the tokens go too. What{" "}
                        {user.name} made stays with its course.
                      </Remove>
                    </div>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableWrap>
      <NewUser />
    </section>
  );
}

function NewUser() {
  const client = useQueryClient();
  const make = api.useMutation("post", "/api/v1/users");
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [administrator, setAdministrator] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate(
      { body: { name, password, administrator } },
      {
        onSuccess: () => {
          setName("");
          setPassword("");
          setAdministrator(false);
          void client.invalidateQueries({ queryKey: usersKey });
        },
      },
    );
  };
  return (
    <>
      <form className={classes.form} onSubmit={submit}>
        <TextInput
          label="Name"
          required
          maxLength={64}
          autoComplete="off"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <PasswordInput
          label="First password"
          required
          minLength={10}
          autoComplete="new-password"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Checkbox
          label="Administrator"
          pb={6}
          checked={administrator}
          onChange={(event) => setAdministrator(event.currentTarget.checked)}
        />
        <Button type="submit" variant="filled" loading={make.isPending}>
          Make user
        </Button>
      </form>
      {make.isError && (
        <div className={classes.error}>
          <ProblemNote error={make.error} title="The user was not made" />
        </div>
      )}
    </>
  );
}
