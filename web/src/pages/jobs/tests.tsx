import { Loader, UnstyledButton } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { TestResult } from "../../api/types";
import { bytes, millis } from "../../format/units";
import { Tag } from "../../parts/tag";
import { Score, VerdictTag } from "../../parts/verdict";
import classes from "./job.module.css";
import type { Place } from "./progress";
import { TestDetail } from "./test-detail";

/** The compile step and the tests; one that is opened shows what it was given and what came. */
export function Tests({ build, places }: { build?: TestResult; places: Place[] }) {
  const all: Place[] = build === undefined ? places : [{ name: build.name || "build", result: build }, ...places];
  if (all.length === 0) return null;
  const passed = places.filter((place) => "result" in place && place.result.verdict === "passed").length;
  return (
    <section className={`panel ${classes.section}`} aria-label="Tests">
      <h2>
        Tests{" "}
        <span className="dim num">
          {passed} of {places.length} passed
        </span>
      </h2>
      {all.map((place, i) => (
        // Two tests may bear the same name.
        // biome-ignore lint/suspicious/noArrayIndexKey: the order of tests never changes
        <TestRow key={i} place={place} />
      ))}
    </section>
  );
}

function TestRow({ place }: { place: Place }) {
  const { test } = useSearch({ from: "/app/jobs/$job" });
  const navigate = useNavigate({ from: "/jobs/$job" });
  if (!("result" in place)) {
    return (
      <div className={classes.test} data-test={place.name}>
        <span className={classes.chevron} />
        <span className={classes.testName}>{place.name}</span>
        <span>
          {place.state === "running" ? (
            <Tag tone="info">
              <Loader size={8} color="var(--info)" mr={5} aria-hidden />
              running
            </Tag>
          ) : (
            <span className="faint">waiting</span>
          )}
        </span>
      </div>
    );
  }
  const { name, result } = place;
  const opened = test === name;
  return (
    <>
      <UnstyledButton
        className={classes.test}
        data-test={name}
        aria-expanded={opened}
        onClick={() =>
          void navigate({
            search: (now) => ({ ...now, test: opened ? undefined : name }),
            replace: true,
            resetScroll: false,
          })
        }
      >
        <span className={classes.chevron} aria-hidden="true">
          {opened ? "▾" : "▸"}
        </span>
        <span className={classes.testName}>
          {name} {result.hidden && <Tag>hidden</Tag>}
        </span>
        <span>
          <VerdictTag verdict={result.verdict} />
        </span>
        <span className={classes.n}>
          <Score score={result.points} of={result.max_points} />
        </span>
        <span className={`${classes.n} ${classes.wide} dim`}>{millis(result.usage.wall_ms)}</span>
        <span className={`${classes.n} ${classes.wide} dim`}>{bytes(result.usage.memory_bytes)}</span>
      </UnstyledButton>
      {opened && <TestDetail result={result} />}
    </>
  );
}
