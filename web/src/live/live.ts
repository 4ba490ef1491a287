import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { api } from "../api/client";
import { isFinal } from "../api/state";
import type { Build, Job, JobDetail, LiveFrame } from "../api/types";
import { type Live, lose, nothing, takeFrame } from "./reduce";
import { openStream } from "./stream";

const liveKey = ["live"] as const;
// Figures come each second; after this many milliseconds without them something is wrong.
const silence = 5000;
// A burst of changed jobs reloads the lists once.
const gather = 400;

/** What the stream has said so far. */
export function useLive(): Live {
  return useQuery<Live>({ queryKey: liveKey, queryFn: () => nothing, initialData: nothing, staleTime: Infinity }).data;
}

/** A part of it: the caller is drawn again only when that part changes. */
export function useLivePart<T>(select: (live: Live) => T): T {
  return useQuery<Live, Error, T>({
    queryKey: liveKey,
    queryFn: () => nothing,
    initialData: nothing,
    staleTime: Infinity,
    select,
  }).data;
}

/** The name of a worker by its id; of one that is gone, the beginning of its id. */
export function useWorkerName(): (id: string) => string {
  const workers = useLivePart((live) => live.workers);
  return (id) => workers.find((worker) => worker.id === id || worker.name === id)?.name ?? id.slice(0, 12);
}

/** Keeps the one stream of the app open and feeds the cache with it. Mounted once, by the shell. */
export function useLiveStream(): void {
  const client = useQueryClient();
  useEffect(() => {
    let quiet: ReturnType<typeof setTimeout> | undefined;
    const update = (change: (live: Live) => Live) =>
      client.setQueryData<Live>(liveKey, (live) => change(live ?? nothing));
    const lost = () => update(lose);
    const heard = () => {
      clearTimeout(quiet);
      quiet = setTimeout(lost, silence);
    };
    const lists = reloading(client);
    heard();
    const close = openStream("/api/v1/live", {
      on: {
        figures: (data) => {
          heard();
          update((live) => takeFrame(live, data as LiveFrame));
        },
        job: (data) => {
          takeJob(client, data as Job);
          lists.jobs();
        },
        build: (data) => {
          client.setQueryData<Build>(buildKey((data as Build).id), data as Build);
          lists.builds();
          // A build that has ended may have given its image a digest.
          if (isFinal((data as Build).state)) lists.images();
        },
        // Something may have happened while nobody listened.
        reset: () => {
          lists.jobs();
          lists.builds();
        },
      },
      lost,
    });
    return () => {
      close();
      clearTimeout(quiet);
      lists.stop();
    };
  }, [client]);
}

export function jobKey(id: string) {
  return api.queryOptions("get", "/api/v1/jobs/{id}", { params: { path: { id } } }).queryKey;
}

export function buildKey(id: string) {
  return api.queryOptions("get", "/api/v1/builds/{id}", { params: { path: { id } } }).queryKey;
}

const jobsKey = ["get", "/api/v1/jobs"] as const;

/** A changed job: rows that are shown change at once; lists are asked for again, since its place in them may change. */
function takeJob(client: QueryClient, job: Job): void {
  client.setQueryData<JobDetail>(jobKey(job.id), (known) => known && { ...known, job });
  // A row says that there is a result, not which.
  if (isFinal(job.state)) void client.invalidateQueries({ queryKey: jobKey(job.id) });
  client.setQueriesData<{ pages?: { items: Job[] }[]; items?: Job[] }>({ queryKey: jobsKey }, (known) => {
    const change = (items: Job[]) => items.map((item) => (item.id === job.id ? job : item));
    if (known?.pages) return { ...known, pages: known.pages.map((page) => ({ ...page, items: change(page.items) })) };
    if (known?.items) return { ...known, items: change(known.items) };
    return known;
  });
}

function reloading(client: QueryClient) {
  const timers = new Map<string, ReturnType<typeof setTimeout>>();
  const soon = (path: string) => () => {
    if (timers.has(path)) return;
    timers.set(
      path,
      setTimeout(() => {
        timers.delete(path);
        void client.invalidateQueries({ queryKey: ["get", path] });
      }, gather),
    );
  };
  return {
    jobs: soon("/api/v1/jobs"),
    builds: soon("/api/v1/builds"),
    images: soon("/api/v1/images"),
    stop: () => {
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}
