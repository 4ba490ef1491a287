import { useDocumentTitle } from "@mantine/hooks";
import type { ReactNode } from "react";
import classes from "./parts.module.css";

interface Props {
  title: string;
  /** What stands before the title: the way back. */
  before?: ReactNode;
  /** In grey beside the title: how it is. */
  about?: ReactNode;
  /** At the right: what can be done. */
  children?: ReactNode;
}

export function PageHead({ title, before, about, children }: Props) {
  useDocumentTitle(`${title} · Assay`);
  return (
    <header className={classes.head}>
      <div className={classes.title}>
        {before}
        <h1>{title}</h1>
      </div>
      {about !== undefined && <span className="dim num">{about}</span>}
      <span className={classes.space} />
      {children !== undefined && <div className={classes.actions}>{children}</div>}
    </header>
  );
}
