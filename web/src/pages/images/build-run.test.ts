import { describe, expect, it } from "vitest";
import type { BuildStep } from "../../api/types";
import { stepsOf, takeLog, takeStep, untold } from "./build-run";

function step(id: string, state: BuildStep["state"]): BuildStep {
  return { id, name: `RUN ${id}`, state, ms: 1 };
}

describe("takeStep", () => {
  it("adds steps in the order in which they come and changes known ones in place", () => {
    const run = [step("a", "running"), step("b", "waiting"), step("a", "done")].reduce(takeStep, untold);
    expect(run.steps.map(({ id, state }) => `${id} ${state}`)).toEqual(["a done", "b waiting"]);
  });
});

describe("takeLog", () => {
  it("joins a step's output and keeps steps apart", () => {
    const run = [
      { step: "a", text: "one\n" },
      { step: "b", text: "other\n" },
      { step: "a", text: "two\n" },
    ].reduce(takeLog, untold);
    expect(run.logs).toEqual({ a: "one\ntwo\n", b: "other\n" });
  });

  it("keeps the end of very long output", () => {
    const run = takeLog(takeLog(untold, { step: "a", text: "x".repeat(70_000) }), { step: "a", text: "end" });
    expect(run.logs.a).toHaveLength(64 * 1024);
    expect(run.logs.a?.endsWith("xend")).toBe(true);
  });
});

describe("stepsOf", () => {
  const told = takeStep(untold, step("a", "running"));
  it.each([
    ["what was told, while it runs", [], told, false, ["a running"]],
    ["the row, once it has ended", [step("a", "done")], told, true, ["a done"]],
    ["the row, when nothing was told", [step("a", "done")], untold, false, ["a done"]],
  ])("is %s", (_, row, run, ended, want) =>
    expect(stepsOf(row, run, ended).map(({ id, state }) => `${id} ${state}`)).toEqual(want),
  );
});
