import type { GraderDetail } from "../../api/types";
import { bytes, count, nanos } from "../../format/units";
import parts from "../../parts/parts.module.css";
import classes from "./graders.module.css";

/** Image, limits and what a submission may be. */
export function GraderFacts({ spec }: { spec: GraderDetail["spec"] }) {
  const { limits, submission, image } = spec;
  return (
    <section className={`panel ${classes.panel}`} aria-label="Image and limits">
      <h2>Image and limits</h2>
      <dl className={`${parts.facts} ${classes.body}`}>
        <dt>Image</dt>
        <dd className="mono">{image.dockerfile ?? image.reference}</dd>
        <dt>Isolation</dt>
        <dd>
          {spec.runtime}, {spec.network === "none" ? "no network" : spec.network}
        </dd>
        <dt>Each step</dt>
        <dd>
          {nanos(limits.wall)} elapsed, {nanos(limits.cpu)} of CPU, {bytes(limits.output)} of output
        </dd>
        <dt>Sandbox</dt>
        <dd>
          {bytes(limits.memory)} of memory, {bytes(limits.disk)} of disk,{" "}
          {count(limits.processes, "process", "processes")}
        </dd>
        <dt>Submission</dt>
        <dd>
          {submission.include?.length ? submission.include.join(", ") : "any files"}, at most{" "}
          {bytes(submission.max_size)} in {count(submission.max_files, "file")}
        </dd>
      </dl>
    </section>
  );
}
