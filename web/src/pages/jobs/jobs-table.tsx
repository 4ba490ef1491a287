import { Link } from "@tanstack/react-router";
import type { Job } from "../../api/types";
import { millis } from "../../format/units";
import { useWorkerName } from "../../live/live";
import { Ago } from "../../parts/ago";
import table from "../../parts/table.module.css";
import { TableWrap } from "../../parts/table-wrap";
import { Tag } from "../../parts/tag";
import { JobTag, Score } from "../../parts/verdict";
import { useCourseNames } from "../../session";

/** How long the last attempt ran, when it has ended. */
export function ranFor(job: Job): string {
  if (job.started_at === undefined || job.ended_at === undefined) return "";
  return millis(Date.parse(job.ended_at) - Date.parse(job.started_at));
}

/** brief: beside the grader that they are all of, where there is less room. */
export function JobsTable({ jobs, brief = false }: { jobs: Job[]; brief?: boolean }) {
  const courses = useCourseNames();
  const workerName = useWorkerName();
  return (
    <TableWrap label="Jobs">
      <table className={table.table}>
        <caption className="sr-only">Jobs, the newest first</caption>
        <thead>
          <tr>
            <th scope="col">Job</th>
            <th scope="col">Result</th>
            <th scope="col" className={table.n}>
              Score
            </th>
            {!brief && (
              <th scope="col" className={table.wide}>
                Worker
              </th>
            )}
            {!brief && (
              <th scope="col" className={`${table.n} ${table.wide}`}>
                Took
              </th>
            )}
            <th scope="col" className={`${table.n} ${table.wide}`}>
              Submitted
            </th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <tr key={job.id} data-link data-job={job.id} data-state={job.state}>
              <td className={table.grow}>
                <Link to="/jobs/$job" params={{ job: job.id }} className={table.title}>
                  {job.label || `job ${job.number}`}
                </Link>
                <div className={table.sub}>
                  {!brief && `${courses.get(job.course)} / ${job.grader_name} · `}
                  <span className={table.whole}>job {job.number}</span>
                  {job.priority !== "normal" && <> · {job.priority} priority</>}
                </div>
              </td>
              <td>
                <JobTag job={job} />
                {job.attempt > 1 && (
                  <>
                    {" "}
                    <Tag tone="warn">attempt {job.attempt}</Tag>
                  </>
                )}
              </td>
              <td className={table.n}>{job.state === "done" && <Score score={job.score} of={job.max_score} />}</td>
              {!brief && <td className={table.wide}>{job.worker && workerName(job.worker)}</td>}
              {!brief && <td className={`${table.n} ${table.wide}`}>{ranFor(job)}</td>}
              <td className={`${table.n} ${table.wide} dim`}>
                <Ago at={job.created_at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableWrap>
  );
}
