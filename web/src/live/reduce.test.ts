import { describe, expect, it } from "vitest";
import type { Container, LiveFrame } from "../api/types";
import { lose, matching, nothing, takeFrame } from "./reduce";

function container(id: string, over: Partial<Container> = {}): Container {
  return {
    id,
    worker: "alder",
    state: "running",
    image: "sha256:1",
    runtime: "runc",
    cpu: 0.5,
    cpu_limit: 1,
    memory_bytes: 100,
    memory_limit_bytes: 256,
    processes: 2,
    started_at: "2026-03-10T12:00:00Z",
    ...over,
  };
}

function frame(second: number, containers: Container[]): LiveFrame {
  return {
    at: `2026-03-10T12:00:${String(second).padStart(2, "0")}Z`,
    workers: [],
    containers,
    queue: { queued: second, running: 1 },
  };
}

describe("takeFrame", () => {
  it("replaces figures and adds to the history", () => {
    let live = takeFrame(nothing, frame(1, [container("a", { cpu: 0.1 })]));
    live = takeFrame(live, frame(2, [container("a", { cpu: 0.9, memory_bytes: 120 })]));
    expect(live.connection).toBe("open");
    expect(live.queue.queued).toBe(2);
    expect(live.history.a).toEqual({ cpu: [0.1, 0.9], memory: [100, 120] });
  });

  it("forgets containers that are gone", () => {
    const live = takeFrame(takeFrame(nothing, frame(1, [container("a")])), frame(2, [container("b")]));
    expect(Object.keys(live.history)).toEqual(["b"]);
  });

  it("keeps one minute", () => {
    let live = nothing;
    for (let i = 0; i < 90; i++) live = takeFrame(live, { ...frame(0, [container("a", { cpu: i })]), at: String(i) });
    expect(live.history.a?.cpu).toHaveLength(60);
    expect(live.history.a?.cpu.at(-1)).toBe(89);
  });

  it("does not count a repeated frame twice", () => {
    const once = takeFrame(nothing, frame(1, [container("a")]));
    expect(takeFrame(once, frame(1, [container("a")]))).toBe(once);
  });
});

describe("lose", () => {
  it("keeps the figures and says that they are old, until the next frame", () => {
    const live = takeFrame(nothing, frame(1, [container("a")]));
    const lost = lose(live);
    expect(lost.connection).toBe("lost");
    expect(lost.containers).toBe(live.containers);
    expect(lose(lost)).toBe(lost);
    expect(takeFrame(lost, frame(1, [container("a")])).connection).toBe("open");
  });
});

describe("matching", () => {
  const all = [
    container("a", { course: "c1", grader: "fizzbuzz", job_number: 8123, label: "student 41" }),
    container("b", { course: "c2", grader: "joins", runtime: "runsc" }),
  ];
  const courses = new Map([
    ["c1", "cs101"],
    ["c2", "db301"],
  ]);
  const names = {
    course: (id: string) => courses.get(id),
    image: (c: Container) => (c.id === "b" ? "postgres" : c.image),
    worker: () => "birch",
  };
  it.each([
    ["", ["a", "b"]],
    ["CS101", ["a"]],
    ["cs101 fizz", ["a"]],
    ["job 8123", ["a"]],
    ["runsc", ["b"]],
    ["cs101 runsc", []],
    ["postgres", ["b"]],
    ["birch", ["a", "b"]],
  ])("%j leaves %j", (text, ids) => expect(matching(all, text, names).map((c) => c.id)).toEqual(ids));
});
