import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { api } from "../../api/client";
import { isFinal } from "../../api/state";
import type { Build, BuildLog, BuildStep } from "../../api/types";
import { buildKey } from "../../live/live";
import { openStream } from "../../live/stream";
import { type BuildRun, stepsOf, takeLog, takeStep, untold } from "./build-run";

/** A build and, while it runs, its steps and their output as they come. */
export function useBuild(id: string) {
  const client = useQueryClient();
  const build = api.useQuery("get", "/api/v1/builds/{id}", { params: { path: { id } } });
  const runKey = ["build-run", id];
  const run = useQuery<BuildRun>({
    queryKey: runKey,
    queryFn: () => untold,
    initialData: untold,
    staleTime: Infinity,
  }).data;
  const ended = build.data !== undefined && isFinal(build.data.state);
  const running = build.data !== undefined && !ended;
  const log = api.useQuery("get", "/api/v1/builds/{id}/log", { params: { path: { id } } }, { enabled: ended });

  useEffect(() => {
    if (!running) return;
    const change = (how: (run: BuildRun) => BuildRun) =>
      client.setQueryData<BuildRun>(["build-run", id], (known) => how(known ?? untold));
    return openStream(`/api/v1/builds/${id}/events`, {
      on: {
        build: (data) => {
          client.setQueryData<Build>(buildKey(id), data as Build);
          if (!isFinal((data as Build).state)) return;
          void client.invalidateQueries({ queryKey: ["get", "/api/v1/builds"] });
          void client.invalidateQueries({ queryKey: ["get", "/api/v1/images/{id}"] });
        },
        step: (data) => change((known) => takeStep(known, data as BuildStep)),
        log: (data) => change((known) => takeLog(known, data as BuildLog)),
        reset: () => change(() => untold),
      },
    });
  }, [client, id, running]);

  return {
    build: build.data,
    error: build.error,
    steps: stepsOf(build.data?.steps ?? [], run, ended),
    logs: run.logs,
    wholeLog: log.data?.log,
    running,
  };
}
