import { CopyButton, Tooltip, UnstyledButton } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./parts.module.css";

/** Text as it is; tall: all of it, else as much as leaves room for what is below. Reachable by keyboard, so that it can be scrolled. */
export function Pre({ label, tall, children }: { label: string; tall?: boolean; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={classes.pre} aria-label={label} tabIndex={0} data-tall={tall || undefined}>
      <pre className="mono">{children}</pre>
    </section>
  );
}

/** A short value in mono that copies itself when pressed. */
export function Copyable({ value, shown }: { value: string; shown?: string }) {
  return (
    <CopyButton value={value} timeout={1500}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? "copied" : "copy"}>
          <UnstyledButton onClick={copy} className="mono" aria-label={`copy ${value}`}>
            {shown ?? value}
          </UnstyledButton>
        </Tooltip>
      )}
    </CopyButton>
  );
}
