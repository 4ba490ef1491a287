import { UnstyledButton } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Container } from "../../api/types";
import { shortDigest } from "../../format/digest";
import { bytesOf, coresOf } from "../../format/units";
import { useWorkerName } from "../../live/live";
import type { History } from "../../live/reduce";
import { Age } from "../../parts/ago";
import { Meter } from "../../parts/meter";
import table from "../../parts/table.module.css";
import { Dot, Tag } from "../../parts/tag";
import classes from "./live.module.css";

interface Props {
  containers: Container[];
  history: Record<string, History>;
  courses: Map<string, string>;
  /** Whether to say on which worker each one runs. */
  manyWorkers: boolean;
}

/** Running containers, then those that wait for a job, folded. */
export function ContainersTable({ containers, history, courses, manyWorkers }: Props) {
  const [unfolded, setUnfolded] = useState(false);
  const running = containers.filter((c) => c.state === "running");
  const parked = containers.filter((c) => c.state === "parked");
  const rows = (list: Container[]) =>
    list.map((c) => (
      <ContainerRow key={c.id} container={c} history={history[c.id]} courses={courses} manyWorkers={manyWorkers} />
    ));
  return (
    <div className={`panel ${table.wrap}`}>
      <table className={`${table.table} ${classes.containers}`}>
        <caption className="sr-only">Running containers</caption>
        <thead>
          <tr>
            <th scope="col">Container</th>
            <th scope="col" className={table.wide}>
              Image
            </th>
            <th scope="col" className={table.wide}>
              Runtime
            </th>
            <th scope="col">CPU</th>
            <th scope="col">Memory</th>
            <th scope="col" className={`${table.n} ${table.wide}`}>
              Processes
            </th>
            <th scope="col" className={`${table.n} ${table.wide}`}>
              Age
            </th>
          </tr>
        </thead>
        {running.length > 0 && <tbody>{rows(running)}</tbody>}
        {parked.length > 0 && (
          <tbody>
            <tr className={classes.group}>
              <td colSpan={7}>
                <UnstyledButton
                  className={`${classes.toggle} num`}
                  aria-expanded={unfolded}
                  onClick={() => setUnfolded(!unfolded)}
                >
                  {unfolded ? "▾" : "▸"} ready: {parked.length}{" "}
                  <span className="faint">— prepared, waiting for a job</span>
                </UnstyledButton>
              </td>
            </tr>
            {unfolded && rows(parked)}
          </tbody>
        )}
      </table>
    </div>
  );
}

function ContainerRow({
  container: c,
  history,
  courses,
  manyWorkers,
}: Omit<Props, "containers" | "history"> & { container: Container; history?: History }) {
  const parked = c.state === "parked";
  const workerName = useWorkerName();
  return (
    <tr className={parked ? classes.parked : undefined} data-container={c.id} data-job={c.job}>
      <td className={table.grow}>
        <div className={classes.name}>
          <Dot tone={parked ? "plain" : "ok"} />
          <Name container={c} course={courses.get(c.course ?? "")} />
          <span className={table.sub}>
            {[
              c.job_number ? `job ${c.job_number}` : undefined,
              c.step,
              c.label,
              manyWorkers ? workerName(c.worker) : undefined,
              parked ? "ready" : undefined,
            ]
              .filter(Boolean)
              .join(" · ")}
          </span>
        </div>
      </td>
      <td className={`${table.wide} mono`}>{shortDigest(c.image)}</td>
      <td className={table.wide}>
        <Tag tone={c.runtime === "runc" ? "plain" : "info"}>{c.runtime}</Tag>
      </td>
      <td>
        <Meter
          label="CPU"
          kind="cpu"
          {...coresOf(c.cpu, c.cpu_limit)}
          share={c.cpu / c.cpu_limit}
          history={parked ? undefined : history?.cpu}
          top={c.cpu_limit}
        />
      </td>
      <td>
        <Meter
          label="Memory"
          kind="mem"
          {...bytesOf(c.memory_bytes, c.memory_limit_bytes)}
          share={c.memory_bytes / c.memory_limit_bytes}
          history={parked ? undefined : history?.memory}
          top={c.memory_limit_bytes}
        />
      </td>
      <td className={`${table.n} ${table.wide}`}>{c.processes}</td>
      <td className={`${table.n} ${table.wide}`}>
        <Age since={c.started_at} />
      </td>
    </tr>
  );
}

function Name({ container: c, course }: { container: Container; course?: string }) {
  const name = [course, c.grader].filter(Boolean).join(" / ") || c.id.slice(0, 12);
  if (c.job === undefined || c.job === "") return <span>{name}</span>;
  return (
    <Link to="/jobs/$job" params={{ job: c.job }} className={table.title}>
      {name}
    </Link>
  );
}
