import { useDocumentTitle } from "@mantine/hooks";
import type { ReactNode } from "react";
import { Mark } from "../parts/mark";
import classes from "./shell.module.css";

/** The page of those who are not in yet: one card. */
export function Gate({ title, about, children }: { title: string; about: ReactNode; children: ReactNode }) {
  useDocumentTitle(`${title} · Assay`);
  return (
    <main className={classes.gate}>
      <div className={`panel ${classes.card}`}>
        <div className={classes.brand}>
          <Mark />
          Assay
        </div>
        <h1>{title}</h1>
        <p className="dim" style={{ margin: "0 0 16px" }}>
          {about}
        </p>
        {children}
      </div>
    </main>
  );
}
