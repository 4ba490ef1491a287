import { Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api } from "../../api/client";
import type { Course } from "../../api/types";
import { ProblemNote } from "../../parts/problem-note";
import { sessionQuery } from "../../session";

/** Changes a course's title; its short name stays, because addresses are made of it. */
export function RenameCourse({ course }: { course: Course }) {
  const [opened, { open, close }] = useDisclosure(false);
  const client = useQueryClient();
  const change = api.useMutation("patch", "/api/v1/courses/{course}");
  const [title, setTitle] = useState(course.title);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate(
      { params: { path: { course: course.id } }, body: { title } },
      {
        onSuccess: () => {
          close();
          void client.invalidateQueries({ queryKey: sessionQuery.queryKey });
        },
      },
    );
  };
  return (
    <>
      <Button
        size="compact-sm"
        h={26}
        aria-label={`Rename ${course.title}`}
        onClick={() => {
          setTitle(course.title);
          change.reset();
          open();
        }}
      >
        Rename…
      </Button>
      <Modal opened={opened} onClose={close} title={`Rename ${course.title}`}>
        <form onSubmit={submit}>
          <Stack gap="sm">
            <TextInput
              data-autofocus
              label="Title"
              description={`The short name, ${course.slug}, stays: addresses are made of it.`}
              required
              value={title}
              onChange={(event) => setTitle(event.currentTarget.value)}
            />
            {change.isError && <ProblemNote error={change.error} title="The course was not renamed" />}
            <Group justify="flex-end" gap="xs">
              <Button onClick={close}>Close</Button>
              <Button type="submit" variant="filled" loading={change.isPending}>
                Rename
              </Button>
            </Group>
          </Stack>
        </form>
      </Modal>
    </>
  );
}
