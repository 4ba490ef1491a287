import { describe, expect, it } from "vitest";
import type { Container } from "../api/types";
import { pressed, sorted, sortOf } from "./sort";

const container = (id: string, cpu: number, started: number) =>
  ({ id, grader: id, cpu, memory_bytes: cpu, processes: 1, started_at: new Date(started).toISOString() }) as Container;
const a = container("a", 0.5, 3000);
const b = container("b", 0.9, 1000);
const c = container("c", 0.1, 2000);
const ids = (sort: string | undefined) => sorted([a, b, c], sortOf(sort)).map(({ id }) => id);

describe("sorted", () => {
  it.each([
    [undefined, ["a", "b", "c"]],
    ["nonsense", ["a", "b", "c"]],
    ["toString", ["a", "b", "c"]],
    ["-container", ["c", "b", "a"]],
    ["cpu", ["c", "a", "b"]],
    ["-cpu", ["b", "a", "c"]],
    ["-age", ["b", "c", "a"]],
    ["-processes", ["a", "b", "c"]],
  ])("%s", (sort, want) => expect(ids(sort)).toEqual(want));
});

describe("pressed", () => {
  it("goes from the highest figure to the lowest, then to no order", () => {
    expect(pressed("cpu", undefined)).toBe("-cpu");
    expect(pressed("cpu", sortOf("-cpu"))).toBe("cpu");
    expect(pressed("cpu", sortOf("cpu"))).toBeUndefined();
  });
  it("begins names at A, and each column anew", () => {
    expect(pressed("container", sortOf("-cpu"))).toBe("container");
    expect(pressed("container", sortOf("container"))).toBe("-container");
    expect(pressed("container", sortOf("-container"))).toBeUndefined();
  });
});
