import type { ReactNode } from "react";
import classes from "./parts.module.css";

/** An empty page teaches the next step: say what would be here, and how it comes to be. */
export function Empty({ title, children, next }: { title: string; children: ReactNode; next?: ReactNode }) {
  return (
    <div className={classes.empty}>
      <h2>{title}</h2>
      <p>{children}</p>
      {next !== undefined && <div className={classes.next}>{next}</div>}
    </div>
  );
}
