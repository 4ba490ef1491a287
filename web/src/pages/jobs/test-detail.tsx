import { lazy, Suspense } from "react";
import type { TestResult } from "../../api/types";
import { printable } from "../../format/ansi";
import { millis } from "../../format/units";
import { Pre } from "../../parts/pre";
import classes from "./job.module.css";

const DiffView = lazy(() => import("../../diff/diff-view").then((module) => ({ default: module.DiffView })));

/** How it ended, in words: "exit status 1", "ended by SIGSEGV". */
function ending(result: TestResult): string | undefined {
  if (result.signal) return `ended by ${result.signal}`;
  if (result.exit !== undefined) return `exit status ${result.exit}`;
  return undefined;
}

export function TestDetail({ result }: { result: TestResult }) {
  const { usage } = result;
  const facts = [ending(result), `${millis(usage.wall_ms)} elapsed`, `${millis(usage.cpu_ms)} of CPU`];
  return (
    <div className={classes.opened}>
      <div>
        {result.message && <p className={classes.message}>{result.message}</p>}
        <p className="dim num">{facts.filter(Boolean).join(" · ")}</p>
      </div>
      {result.hidden && <p className="dim">Hidden from students: they learn neither input nor output.</p>}
      <Text title="Command" text={result.command} />
      <Text title="Standard input" text={result.stdin} />
      {result.expected !== undefined ? (
        <div>
          <h3>Standard output</h3>
          <Suspense fallback={null}>
            <DiffView expected={result.expected} got={printable(result.stdout ?? "")} />
          </Suspense>
        </div>
      ) : (
        <Text title="Standard output" text={result.stdout} />
      )}
      <Text title="Standard error" text={result.stderr} />
      {result.cut && <p className="dim">There was more output; only its first 64 KiB are kept.</p>}
    </div>
  );
}

function Text({ title, text }: { title: string; text?: string }) {
  if (!text) return null;
  return (
    <div>
      <h3>{title}</h3>
      <Pre label={title}>{printable(text)}</Pre>
    </div>
  );
}
