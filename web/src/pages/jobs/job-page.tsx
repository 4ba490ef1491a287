import { Loader } from "@mantine/core";
import { Link, useParams } from "@tanstack/react-router";
import { api } from "../../api/client";
import { PageHead } from "../../parts/page-head";
import parts from "../../parts/parts.module.css";
import { Pre } from "../../parts/pre";
import { useCourseNames } from "../../session";
import classes from "./job.module.css";
import { JobActions } from "./job-actions";
import { JobSummary } from "./job-summary";
import { places, type Run } from "./progress";
import { Tests } from "./tests";
import { stageWords, Timeline } from "./timeline";
import { useJob } from "./use-job";

export function JobPage() {
  const { job: id } = useParams({ from: "/app/jobs/$job" });
  const { job, result, run, running } = useJob(id);
  const courses = useCourseNames();
  return (
    <>
      <PageHead
        title={job.label || `job ${job.number}`}
        before={
          <Link to="/jobs" className={parts.crumb}>
            Jobs /
          </Link>
        }
        about={
          <>
            {courses.get(job.course)} /{" "}
            <Link to="/graders/$grader" params={{ grader: job.grader }}>
              {job.grader_name}
            </Link>{" "}
            · job {job.number}
          </>
        }
      >
        <JobActions job={job} />
      </PageHead>
      <JobSummary job={job} result={result} />
      {running && <Progressing run={run} grader={job.grader} />}
      {result !== undefined && (
        <>
          <Tests build={result.build} places={result.tests.map((test) => ({ name: test.name, result: test }))} />
          {result.timeline !== undefined && <Timeline moments={result.timeline} />}
        </>
      )}
    </>
  );
}

/** What a running job tells: its stage, its tests one by one, and the image's build while that lasts. */
function Progressing({ run, grader }: { run: Run; grader: string }) {
  // For the names of the tests still to come; without the grader (it was removed) only those that ended show.
  const spec = api.useQuery("get", "/api/v1/graders/{id}", { params: { path: { id: grader } } }, { retry: false });
  const names = spec.data?.spec.tests.map(({ name }) => name) ?? [];
  return (
    <>
      <p className="dim" role="status">
        <Loader size={10} mr={8} aria-hidden />
        {run.stage === undefined ? "waiting for a worker" : stageWords(run.stage)}
      </p>
      {run.stage === "image" && run.log.length > 0 && (
        <div className={classes.section}>
          <Pre label="Image build">{run.log.slice(-12).join("\n")}</Pre>
        </div>
      )}
      <Tests build={run.build} places={places(names, run)} />
    </>
  );
}
