import { Button, UnstyledButton } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { api } from "../../api/client";
import type { Build, BuildStep } from "../../api/types";
import { millis } from "../../format/units";
import { Age, Ago } from "../../parts/ago";
import { AnsiText } from "../../parts/ansi-text";
import { ProblemNote } from "../../parts/problem-note";
import { Tag } from "../../parts/tag";
import { StateTag } from "../../parts/verdict";
import classes from "./images.module.css";
import { useBuild } from "./use-build";

interface Props {
  id: string;
  /** Shows a line of the Dockerfile; absent when the build is of another text. */
  onLine?: (line: number) => void;
}

/** A build: its steps and their output while it runs and after. */
export function BuildPanel({ id, onLine }: Props) {
  const { build, error, steps, logs, wholeLog, running } = useBuild(id);
  if (error !== null) return <ProblemNote error={error} title="The build could not be read" />;
  if (build === undefined) return null;
  const live = Object.keys(logs).length > 0;
  return (
    <section className="panel" aria-label="Build" data-build={build.state}>
      <BuildHead build={build} steps={steps} running={running} />
      {build.message && <div className={classes.message}>{build.message}</div>}
      {steps.map((step) => (
        <Step key={step.id} step={step} log={logs[step.id]} told={Boolean(build.message)} onLine={onLine} />
      ))}
      {!live && wholeLog !== undefined && wholeLog !== "" && <Output text={wholeLog} />}
    </section>
  );
}

function BuildHead({ build, steps, running }: { build: Build; steps: BuildStep[]; running: boolean }) {
  const cancel = api.useMutation("post", "/api/v1/builds/{id}/cancel");
  const cached = steps.filter(({ state }) => state === "cached").length;
  return (
    <header className={classes.buildHead}>
      <h2>Revision {build.revision}</h2>
      <StateTag state={build.state} />
      <span className={`${classes.counts} dim num`}>
        {steps.length > 0 && `${steps.length} steps, ${cached} cached · `}
        {running ? (
          <Age since={build.started_at ?? build.created_at} />
        ) : (
          <Ago at={build.ended_at ?? build.created_at} />
        )}
      </span>
      {running && (
        <Button
          size="compact-sm"
          h={26}
          loading={cancel.isPending}
          onClick={() => cancel.mutate({ params: { path: { id: build.id } } })}
        >
          Cancel
        </Button>
      )}
    </header>
  );
}

const signs: Record<BuildStep["state"], string> = { waiting: "○", running: "▸", cached: "✓", done: "✓", failed: "✗" };

interface StepProps {
  step: BuildStep;
  log?: string;
  /** Whether the build says itself what went wrong: the engine's own words would only repeat it. */
  told: boolean;
  onLine?: (line: number) => void;
}

function Step({ step, log, told, onLine }: StepProps) {
  const { line } = step;
  // What runs or failed shows its output by itself; the rest when asked.
  const [asked, setAsked] = useState<boolean>();
  const shown = asked ?? (step.state === "running" || step.state === "failed");
  return (
    <>
      <div className={classes.step} data-state={step.state}>
        <span className={classes.sign} data-state={step.state} role="img" aria-label={step.state}>
          {signs[step.state]}
        </span>
        <span className={`${classes.name} mono`}>
          {log === undefined ? (
            step.name
          ) : (
            <UnstyledButton fz="inherit" ff="inherit" aria-expanded={shown} onClick={() => setAsked(!shown)}>
              {step.name}
            </UnstyledButton>
          )}
        </span>
        {line !== undefined && line > 0 && onLine !== undefined ? (
          <UnstyledButton className={classes.lineLink} onClick={() => onLine(line)}>
            line {line}
          </UnstyledButton>
        ) : (
          <span />
        )}
        {step.state === "cached" ? (
          <Tag>cached</Tag>
        ) : (
          <span className="dim num">{step.ms > 0 && step.state !== "running" && millis(step.ms)}</span>
        )}
      </div>
      {shown && log !== undefined && <Output text={log} />}
      {step.error && !told && <div className={classes.log}>{step.error}</div>}
    </>
  );
}

/** Output that follows its end, until somebody scrolls up. */
function Output({ text }: { text: string }) {
  const box = useRef<HTMLElement>(null);
  const follow = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs when the text has grown
  useEffect(() => {
    if (follow.current && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [text]);
  return (
    <section
      ref={box}
      className={classes.log}
      aria-label="Output"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      onScroll={({ currentTarget: at }) => {
        follow.current = at.scrollTop + at.clientHeight >= at.scrollHeight - 24;
      }}
    >
      <pre className="mono">
        <AnsiText text={text} />
      </pre>
    </section>
  );
}
