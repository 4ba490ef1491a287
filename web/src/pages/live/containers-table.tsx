import { Tooltip, UnstyledButton } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Container } from "../../api/types";
import { bytesOf, coresOf } from "../../format/units";
import { useWorkerName } from "../../live/live";
import type { History } from "../../live/reduce";
import { type Column, pressed, type Sort, sorted } from "../../live/sort";
import { Age } from "../../parts/ago";
import { Meter } from "../../parts/meter";
import table from "../../parts/table.module.css";
import { TableWrap } from "../../parts/table-wrap";
import { Dot, Tag } from "../../parts/tag";
import classes from "./live.module.css";

interface Props {
  containers: Container[];
  history: Record<string, History>;
  courses: Map<string, string>;
  imageName: (container: Container) => string;
  /** Whether to say on which worker each one runs. */
  manyWorkers: boolean;
  sort?: Sort;
  /** Told what the address is to say. */
  onSort: (sort: string | undefined) => void;
}

/** Running containers, then those that wait for a job, folded. */
export function ContainersTable({ containers, history, courses, imageName, manyWorkers, sort, onSort }: Props) {
  const [unfolded, setUnfolded] = useState(false);
  const running = sorted(
    containers.filter((c) => c.state === "running"),
    sort,
  );
  const parked = containers.filter((c) => c.state === "parked");
  const rows = (list: Container[]) =>
    list.map((c) => (
      <ContainerRow
        key={c.id}
        container={c}
        image={imageName(c)}
        history={history[c.id]}
        courses={courses}
        manyWorkers={manyWorkers}
      />
    ));
  const head = (column: Column, name: string, className?: string) => (
    <th
      scope="col"
      className={className}
      aria-sort={sort?.column === column ? (sort.down ? "descending" : "ascending") : undefined}
    >
      <UnstyledButton className={table.sort} onClick={() => onSort(pressed(column, sort))}>
        {name}
        <span aria-hidden="true">{sort?.column === column && (sort.down ? " ↓" : " ↑")}</span>
      </UnstyledButton>
    </th>
  );
  return (
    <TableWrap label="Running containers" panel>
      <table className={`${table.table} ${classes.containers}`}>
        <caption className="sr-only">Running containers</caption>
        {(running.length > 0 || unfolded) && (
          <thead>
            <tr>
              {head("container", "Container")}
              <th scope="col" className={table.wide}>
                Image
              </th>
              <th scope="col" className={table.wide}>
                Runtime
              </th>
              {head("cpu", "CPU")}
              {head("memory", "Memory")}
              {head("processes", "Processes", `${table.n} ${table.wide}`)}
              {head("age", "Age", `${table.n} ${table.wide}`)}
            </tr>
          </thead>
        )}
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
    </TableWrap>
  );
}

function ContainerRow({
  container: c,
  image,
  history,
  courses,
  manyWorkers,
}: Pick<Props, "courses" | "manyWorkers"> & { container: Container; image: string; history?: History }) {
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
      <td className={table.wide}>
        <Tooltip label={c.image}>
          <span className="mono">{image}</span>
        </Tooltip>
      </td>
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
