import type { ReactNode } from "react";
import classes from "./parts.module.css";

/** What a colour says. */
export type Tone = "ok" | "warn" | "bad" | "info" | "plain";

export function Tag({ tone = "plain", children }: { tone?: Tone; children: ReactNode }) {
  return (
    <span className={classes.tag} data-tone={tone}>
      {children}
    </span>
  );
}

/** A dot beside words that say the same: colour alone tells nobody anything. */
export function Dot({ tone }: { tone: Tone }) {
  return <span className={classes.dot} data-tone={tone} aria-hidden="true" />;
}
