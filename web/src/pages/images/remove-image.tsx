import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { api } from "../../api/client";
import type { Image } from "../../api/types";
import { count } from "../../format/units";
import { Confirm } from "../../parts/confirm";

export function RemoveImage({ image }: { image: Image }) {
  const [opened, { open, close }] = useDisclosure(false);
  const client = useQueryClient();
  const navigate = useNavigate();
  const remove = api.useMutation("delete", "/api/v1/images/{id}");
  return (
    <>
      <Button onClick={open}>Remove…</Button>
      <Confirm
        opened={opened}
        onClose={close}
        title={`Remove ${image.name}?`}
        typed={image.name}
        action="Remove image"
        pending={remove.isPending}
        error={remove.error}
        onConfirm={() =>
          remove.mutate(
            { params: { path: { id: image.id } } },
            {
              onSuccess: () => {
                void client.invalidateQueries({ queryKey: ["get", "/api/v1/images"] });
                void navigate({ to: "/images", ignoreBlocker: true });
              },
            },
          )
        }
      >
        The image goes with {count(image.revision, "revision")} and all its builds, and cannot be brought back.
      </Confirm>
    </>
  );
}
