import type { CSSProperties } from "react";
import type { Moment, Stage } from "../../api/types";
import { millis } from "../../format/units";
import classes from "./job.module.css";

// Slate for what is ours, blue for what is the submission's own.
const shades: Record<Stage, string> = {
  queued: "var(--line)",
  image: "color-mix(in srgb, var(--ink-3) 45%, var(--panel))",
  sandbox: "color-mix(in srgb, var(--ink-3) 75%, var(--panel))",
  files: "var(--ink-2)",
  build: "color-mix(in srgb, var(--info) 55%, var(--panel))",
  tests: "var(--info)",
};

const words: Record<Stage, string> = {
  queued: "queued",
  image: "image",
  sandbox: "sandbox",
  files: "files",
  build: "compile",
  tests: "tests",
};

export function stageWords(stage: Stage): string {
  return words[stage];
}

function shade(stage: Stage): CSSProperties {
  return { "--shade": shades[stage] } as CSSProperties;
}

/** Where a job's time went. */
export function Timeline({ moments }: { moments: Moment[] }) {
  const total = moments.reduce((sum, { ms }) => sum + ms, 0);
  return (
    <section className={`panel ${classes.section}`} aria-label="Timeline">
      <h2>
        Timeline <span className="dim num">{millis(total)}</span>
      </h2>
      <div className={classes.body}>
        <div className={classes.timeline} aria-hidden="true">
          {moments.map(({ stage, ms }) => (
            <i key={stage} style={{ ...shade(stage), flexGrow: Math.max(ms, 0.001) }} />
          ))}
        </div>
        <ul className={`${classes.legend} num`}>
          {moments.map(({ stage, ms, detail }) => (
            <li key={stage} style={shade(stage)}>
              <i aria-hidden="true" />
              <span className="dim">{words[stage]}</span> {millis(ms)}
              {detail !== undefined && <span className="faint">{detail}</span>}
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}
