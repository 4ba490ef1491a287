import { Button, Group, Modal, Select, Stack, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api } from "../../api/client";
import { ProblemNote } from "../../parts/problem-note";
import { useCourse, useSession } from "../../session";

const start = `FROM debian:bookworm

RUN apt-get update \\
 && apt-get install -y --no-install-recommends python3 \\
 && rm -rf /var/lib/apt/lists/*
`;

export function NewImage() {
  const [opened, { open, close }] = useDisclosure(false);
  const { courses } = useSession();
  const chosen = useCourse();
  const client = useQueryClient();
  const navigate = useNavigate();
  const make = api.useMutation("post", "/api/v1/images");
  const [name, setName] = useState("");
  const [picked, setPicked] = useState<string | null>(null);
  const course = picked ?? chosen?.id ?? courses[0]?.id;

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (course === undefined) return;
    make.mutate(
      { body: { course, name, dockerfile: start } },
      {
        onSuccess: (image) => {
          void client.invalidateQueries({ queryKey: ["get", "/api/v1/images"] });
          void navigate({ to: "/images/$image", params: { image: image.id }, search: {} });
        },
      },
    );
  };
  return (
    <>
      <Button variant="filled" onClick={open}>
        New image…
      </Button>
      <Modal opened={opened} onClose={close} title="New image">
        <form onSubmit={submit}>
          <Stack gap="sm">
            <TextInput
              data-autofocus
              label="Name"
              description="Lower-case letters, digits, - _ and ."
              required
              maxLength={63}
              pattern="[a-z0-9][a-z0-9_.\-]*"
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <Select
              label="Course"
              allowDeselect={false}
              value={course ?? null}
              data={courses.map(({ id, title }) => ({ value: id, label: title }))}
              onChange={setPicked}
            />
            {make.isError && <ProblemNote error={make.error} title="The image was not made" />}
            <Group justify="flex-end" gap="xs">
              <Button onClick={close}>Close</Button>
              <Button type="submit" variant="filled" loading={make.isPending}>
                Make image
              </Button>
            </Group>
          </Stack>
        </form>
      </Modal>
    </>
  );
}
