import type { ReactNode } from "react";
import classes from "./parts.module.css";
import type { Tone } from "./tag";

/** Something to know about the page as a whole; spoken when it appears. */
export function Note({ tone = "info", children }: { tone?: Tone; children: ReactNode }) {
  return (
    <div className={classes.note} data-tone={tone} role="status">
      {children}
    </div>
  );
}
