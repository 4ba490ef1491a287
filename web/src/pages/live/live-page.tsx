import { Button } from "@mantine/core";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useImageNames } from "../../live/image-names";
import { useLive, useWorkerName } from "../../live/live";
import { matching } from "../../live/reduce";
import { sortOf } from "../../live/sort";
import { Age } from "../../parts/ago";
import { Empty } from "../../parts/empty";
import { PageHead } from "../../parts/page-head";
import { SearchBox } from "../../parts/search-box";
import { useCourse, useCourseNames } from "../../session";
import { ContainersTable } from "./containers-table";
import classes from "./live.module.css";
import { WorkerCard } from "./worker-card";

export function LivePage() {
  const live = useLive();
  const { q = "", sort } = useSearch({ from: "/app/live" });
  const navigate = useNavigate({ from: "/live" });
  const course = useCourse();
  const courses = useCourseNames();
  const mine = live.containers.filter((c) => course === undefined || c.state === "parked" || c.course === course.id);
  const image = useImageNames(mine);
  const worker = useWorkerName();
  const shown = matching(mine, q, { course: (id) => courses.get(id), image, worker });
  return (
    <>
      <PageHead title="Live" about={<Summary />} />
      <div className={classes.workers}>
        {live.workers.map((worker) => (
          <WorkerCard key={worker.id} worker={worker} />
        ))}
      </div>
      <div className={classes.filters}>
        <SearchBox
          label="Filter by course, grader, image, worker…"
          value={q}
          onChange={(text) => void navigate({ search: (now) => ({ ...now, q: text || undefined }), replace: true })}
        />
      </div>
      <Nothing workers={live.workers.length} running={shown.some((c) => c.state === "running")} filtered={q !== ""} />
      {shown.length > 0 && (
        <ContainersTable
          containers={shown}
          history={live.history}
          courses={courses}
          imageName={image}
          manyWorkers={live.workers.length > 1}
          sort={sortOf(sort)}
          onSort={(next) => void navigate({ search: (now) => ({ ...now, sort: next }), replace: true })}
        />
      )}
    </>
  );
}

function Summary() {
  const live = useLive();
  if (live.connection === "connecting") return <>connecting…</>;
  const running = live.containers.filter((c) => c.state === "running").length;
  return (
    <>
      {running} running · {live.queue.queued} queued
      {live.queue.oldest_at !== undefined && (
        <>
          , oldest <Age since={live.queue.oldest_at} />
        </>
      )}
    </>
  );
}

function Nothing({ workers, running, filtered }: { workers: number; running: boolean; filtered: boolean }) {
  const { connection } = useLive();
  if (running || connection === "connecting") return null;
  if (filtered) {
    return (
      <Empty title="No running container matches">
        The filter looks at course, grader, job, label, image, runtime and worker. Press Esc in it to see everything.
      </Empty>
    );
  }
  if (workers === 0) {
    return (
      <Empty title="No worker is connected">
        Nothing can be graded until one is. The hub’s own worker needs a Docker Engine: see what the hub printed when it
        started.
      </Empty>
    );
  }
  return (
    <Empty
      title="Nothing is running"
      next={
        <Button variant="filled" renderRoot={(props) => <Link to="/graders" {...props} />}>
          Open graders
        </Button>
      }
    >
      Each job that is being graded shows here with its CPU and memory, second by second. To see one, open a grader of
      the example course and run one of its samples.
    </Empty>
  );
}
