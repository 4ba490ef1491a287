import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { api } from "../../api/client";
import { isFinal } from "../../api/state";
import type { Job, JobDetail, Progress, Result } from "../../api/types";
import { jobKey } from "../../live/live";
import { openStream } from "../../live/stream";
import { type Run, takeProgress, unheard } from "./progress";

function runKey(id: string) {
  return ["job-run", id] as const;
}

/** A job and, while it runs, what it tells. */
export function useJob(id: string) {
  const client = useQueryClient();
  const detail = api.useSuspenseQuery("get", "/api/v1/jobs/{id}", { params: { path: { id } } }).data;
  const run = useQuery<Run>({
    queryKey: runKey(id),
    queryFn: () => unheard,
    initialData: unheard,
    staleTime: Infinity,
  }).data;
  const running = !isFinal(detail.job.state);

  useEffect(() => {
    if (!running) return;
    const changeDetail = (change: (known: JobDetail) => JobDetail) =>
      client.setQueryData<JobDetail>(jobKey(id), (known) => known && change(known));
    return openStream(`/api/v1/jobs/${id}/events`, {
      on: {
        job: (data) => {
          const job = data as Job;
          changeDetail((known) => ({ ...known, job }));
          // The result follows as an event of its own, unless the stream breaks just now.
          if (isFinal(job.state)) void client.invalidateQueries({ queryKey: jobKey(id) });
        },
        progress: (data) =>
          client.setQueryData<Run>(runKey(id), (known) => takeProgress(known ?? unheard, data as Progress)),
        result: (data) => changeDetail((known) => ({ ...known, result: data as Result })),
        reset: () => client.setQueryData<Run>(runKey(id), unheard),
      },
    });
  }, [client, id, running]);

  return { ...detail, run, running };
}
