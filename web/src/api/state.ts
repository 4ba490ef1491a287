import type { State } from "./types";

/** Whether nothing follows: the job or build has ended. */
export function isFinal(state: State): boolean {
  return state === "done" || state === "failed" || state === "cancelled";
}
