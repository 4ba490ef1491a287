import { Loader } from "@mantine/core";
import type { Job, State, Verdict } from "../api/types";
import { points } from "../format/units";
import { Tag, type Tone } from "./tag";

const verdicts: Record<Verdict, { said: string; tone: Tone }> = {
  passed: { said: "passed", tone: "ok" },
  partial: { said: "partial", tone: "warn" },
  failed: { said: "failed", tone: "bad" },
  timeout: { said: "timeout", tone: "bad" },
  memory: { said: "out of memory", tone: "bad" },
  output: { said: "too much output", tone: "bad" },
  disk: { said: "disk full", tone: "bad" },
  processes: { said: "too many processes", tone: "bad" },
  crashed: { said: "crashed", tone: "bad" },
  rejected: { said: "rejected", tone: "bad" },
  infrastructure: { said: "infrastructure", tone: "warn" },
};

export function verdictTone(verdict: Verdict): Tone {
  return verdicts[verdict].tone;
}

export function verdictWords(verdict: Verdict): string {
  return verdicts[verdict].said;
}

/** How a job or a test ended. */
export function VerdictTag({ verdict }: { verdict: Verdict }) {
  const { said, tone } = verdicts[verdict];
  return <Tag tone={tone}>{said}</Tag>;
}

/** Where a job is, or how it ended. */
export function JobTag({ job }: { job: Job }) {
  if (job.state === "done" && job.verdict !== undefined) return <VerdictTag verdict={job.verdict} />;
  return <StateTag state={job.state} />;
}

export function StateTag({ state }: { state: State }) {
  switch (state) {
    case "queued":
      return <Tag>queued</Tag>;
    case "starting":
    case "running":
      return (
        <Tag tone="info">
          <Loader size={8} color="var(--info)" mr={5} aria-hidden />
          {state}
        </Tag>
      );
    case "done":
      return <Tag tone="ok">done</Tag>;
    case "failed":
      return <Tag tone="bad">failed</Tag>;
    case "cancelled":
      return <Tag>cancelled</Tag>;
  }
}

/** "7 of 10", when there is a score. */
export function Score({ score, of }: { score: number; of: number }) {
  return (
    <span className="num">
      {points(score)} <span className="faint">of {points(of)}</span>
    </span>
  );
}
