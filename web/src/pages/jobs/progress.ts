import type { Progress, Stage, TestResult } from "../../api/types";

/** What a running job has told so far. Nothing is decided by it: the result says it all again. */
export interface Run {
  stage?: Stage;
  /** When that stage began, by the worker's clock. */
  since?: string;
  /** Index of the test that runs. */
  test?: number;
  /** The compile step, when it has ended. */
  build?: TestResult;
  /** Tests that have ended, in order. */
  done: TestResult[];
  /** Lines of the image's build. */
  log: string[];
}

export const unheard: Run = { done: [], log: [] };

const keptLines = 500;

/** Takes one message in. Messages may be lost or come twice. */
export function takeProgress(run: Run, told: Progress): Run {
  const next: Run = { ...run };
  if (told.stage !== run.stage) {
    next.stage = told.stage;
    next.since = told.at;
    next.test = undefined;
  }
  if (told.log) next.log = [...run.log, told.log].slice(-keptLines);
  if (told.done !== undefined) {
    if (told.stage === "build") next.build = told.done;
    else next.done = [...run.done.filter((test) => test.name !== told.done?.name), told.done];
  } else if (told.stage === "tests") {
    next.test = told.test ?? 0;
  }
  return next;
}

/** A test's place on the page: how it ended, or that it runs or waits. */
export type Place = { name: string; result: TestResult } | { name: string; state: "running" | "waiting" };

/** All tests of a running job in the grader's order; those that the grader no longer names follow. */
export function places(names: string[], run: Run): Place[] {
  const results = new Map(run.done.map((result) => [result.name, result]));
  const known: Place[] = names.map((name, i) => {
    const result = results.get(name);
    if (result !== undefined) return { name, result };
    return { name, state: run.stage === "tests" && i === run.test ? "running" : "waiting" };
  });
  const others = run.done.filter(({ name }) => !names.includes(name)).map((result) => ({ name: result.name, result }));
  return [...known, ...others];
}
