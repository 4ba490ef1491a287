import { Button, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api } from "../../api/client";
import { Empty } from "../../parts/empty";
import { ProblemNote } from "../../parts/problem-note";
import { sessionQuery, useSession } from "../../session";
import { Members } from "./members";
import classes from "./settings.module.css";

/** One's courses and who belongs to each. */
export function Courses() {
  const { user, courses } = useSession();
  return (
    <>
      {courses.length === 0 && (
        <div className={`panel ${classes.section}`}>
          <Empty title="No courses">
            {user.administrator
              ? "A course owns graders, images and jobs, and has the instructors that may use them. Make one below."
              : "Ask an administrator to make you a member of a course."}
          </Empty>
        </div>
      )}
      {courses.map((course) => (
        <Members key={course.id} course={course} />
      ))}
      {user.administrator && <NewCourse />}
    </>
  );
}

function NewCourse() {
  const client = useQueryClient();
  const make = api.useMutation("post", "/api/v1/courses");
  const [slug, setSlug] = useState("");
  const [title, setTitle] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate(
      { body: { slug, title } },
      {
        onSuccess: () => {
          setSlug("");
          setTitle("");
          void client.invalidateQueries({ queryKey: sessionQuery.queryKey });
        },
      },
    );
  };
  return (
    <section className={`panel ${classes.section}`} aria-label="New course">
      <header>
        <h2>New course</h2>
      </header>
      <form className={classes.form} onSubmit={submit}>
        <TextInput
          label="Short name"
          placeholder="cs101"
          required
          pattern="[a-z0-9][a-z0-9\-]*"
          title="Lower-case letters, digits and -"
          value={slug}
          onChange={(event) => setSlug(event.currentTarget.value)}
        />
        <TextInput
          label="Title"
          placeholder="Introduction to programming"
          required
          value={title}
          onChange={(event) => setTitle(event.currentTarget.value)}
        />
        <Button type="submit" variant="filled" loading={make.isPending}>
          Make course
        </Button>
      </form>
      {make.isError && (
        <div className={classes.error}>
          <ProblemNote error={make.error} title="The course was not made" />
        </div>
      )}
    </section>
  );
}
