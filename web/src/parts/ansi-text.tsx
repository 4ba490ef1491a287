import { useMemo } from "react";
import { spans } from "../format/ansi";
import classes from "./ansi.module.css";

/** Terminal output with its colours, as text. */
export function AnsiText({ text }: { text: string }) {
  const parts = useMemo(() => spans(text), [text]);
  let at = 0;
  return parts.map((span) => {
    const key = at;
    at += span.text.length;
    return (
      <span key={key} className={classes.span} data-colour={span.colour} data-bold={span.bold} data-dim={span.dim}>
        {span.text}
      </span>
    );
  });
}
