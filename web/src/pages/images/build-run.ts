import type { BuildLog, BuildStep } from "../../api/types";

/** What a build has told while it runs: its steps, and what each printed. */
export interface BuildRun {
  steps: BuildStep[];
  logs: Record<string, string>;
}

export const untold: BuildRun = { steps: [], logs: {} };

// Characters kept of one step's output: the end, which says how it ended.
const kept = 64 * 1024;

/** A step that is new or has changed. */
export function takeStep(run: BuildRun, step: BuildStep): BuildRun {
  const known = run.steps.some(({ id }) => id === step.id);
  return { ...run, steps: known ? run.steps.map((one) => (one.id === step.id ? step : one)) : [...run.steps, step] };
}

/** More of a step's output. */
export function takeLog(run: BuildRun, { step, text }: BuildLog): BuildRun {
  return { ...run, logs: { ...run.logs, [step]: ((run.logs[step] ?? "") + text).slice(-kept) } };
}

/** The newest steps there are: those of the build's row once it has ended, those that were told until then. */
export function stepsOf(row: BuildStep[], run: BuildRun, ended: boolean): BuildStep[] {
  return ended || run.steps.length === 0 ? row : run.steps;
}
