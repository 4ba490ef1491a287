import { Button, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api } from "../../api/client";
import type { Course } from "../../api/types";
import { ProblemNote } from "../../parts/problem-note";
import table from "../../parts/table.module.css";
import { TableWrap } from "../../parts/table-wrap";
import { useSession } from "../../session";
import { Remove } from "./remove";
import { RenameCourse } from "./rename-course";
import classes from "./settings.module.css";

const membersKey = ["get", "/api/v1/courses/{course}/members"];

/** Who belongs to a course, besides administrators, who may do everything everywhere. */
export function Members({ course }: { course: Course }) {
  const { user } = useSession();
  const params = { path: { course: course.id } };
  const members = api.useQuery("get", "/api/v1/courses/{course}/members", { params });
  const remove = api.useMutation("delete", "/api/v1/courses/{course}/members/{user}");
  return (
    <section className={`panel ${classes.section}`} aria-label={course.title}>
      <header>
        <h2>
          {course.title} <span className="faint">{course.slug}</span>
        </h2>
        {user.administrator && <RenameCourse course={course} />}
      </header>
      {members.isError && (
        <div className={classes.error}>
          <ProblemNote error={members.error} title="Members could not be read" />
        </div>
      )}
      <TableWrap label="Members">
        <table className={table.table}>
          <caption className="sr-only">Members of {course.title}</caption>
          <tbody>
            {members.data?.items.map((member) => (
              <tr key={member.user}>
                <td className={table.grow}>{member.name}</td>
                <td>{member.role}</td>
                <td className={table.n}>
                  <Remove
                    name={member.name}
                    title={`Take ${member.name} out of ${course.title}?`}
                    action="Take out"
                    changed={membersKey}
                    remove={() => remove.mutateAsync({ params: { path: { course: course.id, user: member.user } } })}
                  >
                    {member.name} no longer sees the course. Everything made in it stays.
                  </Remove>
                </td>
              </tr>
            ))}
            {members.data?.items.length === 0 && (
              <tr>
                <td className={`${table.grow} dim`}>No instructors yet: only administrators see this course.</td>
              </tr>
            )}
          </tbody>
        </table>
      </TableWrap>
      <AddMember course={course} />
    </section>
  );
}

function AddMember({ course }: { course: Course }) {
  const client = useQueryClient();
  const put = api.useMutation("put", "/api/v1/courses/{course}/members/{user}");
  const [name, setName] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    put.mutate(
      { params: { path: { course: course.id, user: name } }, body: { role: "instructor" } },
      {
        onSuccess: () => {
          setName("");
          void client.invalidateQueries({ queryKey: membersKey });
        },
      },
    );
  };
  return (
    <>
      <form className={classes.form} onSubmit={submit}>
        <TextInput
          label={`Add an instructor to ${course.slug}`}
          placeholder="Name of a user"
          required
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Button type="submit" loading={put.isPending}>
          Add
        </Button>
      </form>
      {put.isError && (
        <div className={classes.error}>
          <ProblemNote error={put.error} title="Nobody was added" />
        </div>
      )}
    </>
  );
}
