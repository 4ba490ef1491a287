import type { Container, LiveFrame, Queue, Worker } from "../api/types";

/** How the stream is: figures come, are awaited for the first time, or have stopped. */
export type Connection = "connecting" | "open" | "lost";

/** The last minute of a container's figures, newest last. */
export interface History {
  cpu: number[];
  memory: number[];
}

/** Everything Live shows, and the counts of the navigation. */
export interface Live {
  connection: Connection;
  /** When the figures were read, by the hub's clock. */
  at?: string;
  workers: Worker[];
  containers: Container[];
  queue: Queue;
  history: Record<string, History>;
}

export const nothing: Live = {
  connection: "connecting",
  workers: [],
  containers: [],
  queue: { queued: 0, running: 0 },
  history: {},
};

const kept = 60;

/** Takes a second's figures in; the history of containers that are gone is forgotten. */
export function takeFrame(live: Live, frame: LiveFrame): Live {
  // The same frame again (a resumed stream) must not count twice.
  if (live.at === frame.at && live.connection === "open") return live;
  const history: Record<string, History> = {};
  for (const c of frame.containers) {
    const before = live.history[c.id] ?? { cpu: [], memory: [] };
    history[c.id] = {
      cpu: [...before.cpu, c.cpu].slice(-kept),
      memory: [...before.memory, c.memory_bytes].slice(-kept),
    };
  }
  return {
    connection: "open",
    at: frame.at,
    workers: frame.workers,
    containers: frame.containers,
    queue: frame.queue,
    history,
  };
}

/** The figures stay on the page, marked as old, until new ones come. */
export function lose(live: Live): Live {
  return live.connection === "lost" ? live : { ...live, connection: "lost" };
}

/** What the page calls what a container knows by id. */
export interface Names {
  course: (id: string) => string | undefined;
  image: (container: Container) => string;
  worker: (id: string) => string;
}

/** Those whose course, grader, job, label, image, runtime or worker contains every word of the text. */
export function matching(containers: Container[], text: string, names: Names): Container[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return containers;
  return containers.filter((c) => {
    const said = [
      names.course(c.course ?? "") ?? "",
      c.grader ?? "",
      c.job_number === undefined ? "" : `job ${c.job_number}`,
      c.label ?? "",
      c.step ?? "",
      names.image(c),
      c.image,
      c.runtime,
      names.worker(c.worker),
    ]
      .join(" ")
      .toLowerCase();
    return words.every((word) => said.includes(word));
  });
}
