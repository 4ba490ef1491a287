import { describe, expect, it } from "vitest";
import type { Progress, TestResult } from "../../api/types";
import { places, takeProgress, unheard } from "./progress";

function told(stage: Progress["stage"], over: Partial<Progress> = {}): Progress {
  return { job: "j", stage, at: `at ${stage}`, ...over };
}

function result(name: string): TestResult {
  const usage = { wall_ms: 1, cpu_ms: 1, memory_bytes: 1, output_bytes: 1 };
  return { name, verdict: "passed", points: 1, max_points: 1, usage };
}

describe("takeProgress", () => {
  it("follows the stages and says since when", () => {
    const run = [told("image"), told("image", { at: "later", log: "#1 FROM" }), told("sandbox")].reduce(
      takeProgress,
      unheard,
    );
    expect(run).toMatchObject({ stage: "sandbox", since: "at sandbox", log: ["#1 FROM"] });
  });

  it("keeps the compile step apart from the tests", () => {
    const run = [told("build", { done: result("build") }), told("tests", { test: 0, done: result("one") })].reduce(
      takeProgress,
      unheard,
    );
    expect(run.build?.name).toBe("build");
    expect(run.done.map(({ name }) => name)).toEqual(["one"]);
  });

  it("counts a test once that is told twice", () => {
    const twice = told("tests", { done: result("one") });
    expect([twice, twice].reduce(takeProgress, unheard).done).toHaveLength(1);
  });

  it("takes a missing index as the first test", () => {
    expect(takeProgress(unheard, told("tests")).test).toBe(0);
  });
});

describe("places", () => {
  it("says of each test whether it ended, runs or waits", () => {
    const run = [told("tests", { test: 0, done: result("one") }), told("tests", { test: 1 })].reduce(
      takeProgress,
      unheard,
    );
    expect(places(["one", "two", "three"], run)).toEqual([
      { name: "one", result: result("one") },
      { name: "two", state: "running" },
      { name: "three", state: "waiting" },
    ]);
  });

  it("shows tests that the grader no longer names", () => {
    const run = takeProgress(unheard, told("tests", { done: result("old") }));
    expect(places([], run)).toEqual([{ name: "old", result: result("old") }]);
  });
});
