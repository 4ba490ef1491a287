import type { Job, Result } from "../../api/types";
import { shortDigest } from "../../format/digest";
import { bytes, millis, points } from "../../format/units";
import { useWorkerName } from "../../live/live";
import { Ago } from "../../parts/ago";
import parts from "../../parts/parts.module.css";
import { Copyable } from "../../parts/pre";
import { StateTag, verdictTone, verdictWords } from "../../parts/verdict";
import classes from "./job.module.css";

/** Verdict and score first, then who, when, where and what it used. */
export function JobSummary({ job, result }: { job: Job; result?: Result }) {
  const workerName = useWorkerName();
  const message = result?.message || job.message;
  return (
    <section className={`panel ${classes.summary}`} aria-label="Result">
      <div>
        <div className={classes.outcome} data-outcome={job.verdict ?? job.state}>
          <Outcome job={job} />
        </div>
        {message && <p className={classes.message}>{message}</p>}
      </div>
      <dl className={parts.facts}>
        <dt>Submitted</dt>
        <dd>
          <Ago at={job.created_at} />
        </dd>
        <dt>Runs on</dt>
        <dd>
          {job.worker ? workerName(job.worker) : <span className="faint">no worker yet</span>} · {job.runtime}
          {job.attempt > 1 && ` · attempt ${job.attempt} of 3`}
          {job.priority !== "normal" && ` · ${job.priority} priority`}
        </dd>
        {result !== undefined && (
          <>
            {result.usage.wall_ms > 0 && (
              <>
                <dt>Used</dt>
                <dd>
                  {millis(result.usage.wall_ms)} elapsed · {millis(result.usage.cpu_ms)} of CPU ·{" "}
                  {bytes(result.usage.memory_bytes)} at most
                </dd>
              </>
            )}
            {result.image && (
              <>
                <dt>Image</dt>
                <dd>
                  <Copyable value={result.image} shown={shortDigest(result.image)} />
                </dd>
              </>
            )}
          </>
        )}
      </dl>
    </section>
  );
}

function Outcome({ job }: { job: Job }) {
  if (job.state !== "done" || job.verdict === undefined) return <StateTag state={job.state} />;
  return (
    <>
      <span className={`${classes.big} ${classes.word}`} data-tone={verdictTone(job.verdict)}>
        {verdictWords(job.verdict)}
      </span>
      <span className={classes.big}>
        {points(job.score)} <small>of {points(job.max_score)} points</small>
      </span>
    </>
  );
}
