import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { api } from "../../api/client";
import { isFinal } from "../../api/state";
import type { Job } from "../../api/types";
import { jobKey } from "../../live/live";
import { ProblemNote } from "../../parts/problem-note";

export function JobActions({ job }: { job: Job }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const cancel = api.useMutation("post", "/api/v1/jobs/{id}/cancel");
  const again = api.useMutation("post", "/api/v1/jobs/{id}/again");
  const params = { path: { id: job.id } };
  const error = cancel.error ?? again.error;
  return (
    <>
      {error !== null && <ProblemNote error={error} />}
      <Button component="a" href={`/api/v1/jobs/${job.id}/submission`} download>
        Download submission
      </Button>
      {isFinal(job.state) ? (
        <Button
          loading={again.isPending}
          onClick={() =>
            again.mutate(
              { params },
              { onSuccess: (made) => void navigate({ to: "/jobs/$job", params: { job: made.id }, search: {} }) },
            )
          }
        >
          Run again
        </Button>
      ) : (
        <Button
          color="bad"
          loading={cancel.isPending}
          onClick={() =>
            cancel.mutate({ params }, { onSettled: () => void client.invalidateQueries({ queryKey: jobKey(job.id) }) })
          }
        >
          Cancel
        </Button>
      )}
    </>
  );
}
