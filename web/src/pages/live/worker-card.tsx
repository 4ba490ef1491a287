import { Tooltip } from "@mantine/core";
import type { Worker } from "../../api/types";
import { bytesOf, coresOf } from "../../format/units";
import { Age } from "../../parts/ago";
import { Meter } from "../../parts/meter";
import { Dot, Tag } from "../../parts/tag";
import classes from "./live.module.css";

/** A machine: how it is, how full it is. */
export function WorkerCard({ worker }: { worker: Worker }) {
  const cpu = coresOf(worker.cpu, worker.cores);
  const memory = bytesOf(worker.memory_bytes, worker.memory_total_bytes);
  const disk = bytesOf(worker.disk_bytes, worker.disk_total_bytes);
  const about = `Assay ${worker.version} · kernel ${worker.kernel} · cgroup v${worker.cgroup_version} · ${worker.runtimes.join(", ")}`;
  return (
    <section className={`panel ${classes.worker}`} aria-label={`Worker ${worker.name}`}>
      <h2>
        <Dot tone="ok" />
        <span className="ellipsis">{worker.name}</span>
        <Tag tone={worker.slots_used < worker.slots ? "ok" : "info"}>
          {worker.slots_used} of {worker.slots} slots used
        </Tag>
        <small className="num">
          <span className={classes.extra}>load {worker.load.toFixed(1)} · </span>
          <Tooltip label={about}>
            <button type="button" className={classes.engine}>
              engine {worker.engine}
            </button>
          </Tooltip>
          {" · up "}
          <Age since={worker.started_at} />
        </small>
      </h2>
      <dl className={classes.meters}>
        <Figure name="CPU">
          <Meter label="CPU" kind="cpu" {...cpu} share={worker.cpu / worker.cores} />
        </Figure>
        <Figure name="Memory">
          <Meter label="Memory" kind="mem" {...memory} share={worker.memory_bytes / worker.memory_total_bytes} />
        </Figure>
        <Figure name="Disk">
          <Meter label="Disk" kind="disk" {...disk} share={worker.disk_bytes / worker.disk_total_bytes} />
        </Figure>
      </dl>
    </section>
  );
}

function Figure({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
