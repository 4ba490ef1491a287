import { describe, expect, it } from "vitest";
import { printable, spans } from "./ansi";
import { age, ago } from "./time";
import { bytes, bytesOf, coresOf, count, millis, nanos, points } from "./units";

describe("bytes", () => {
  it.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1536, "1.5 KiB"],
    [92 * 2 ** 20, "92 MiB"],
    [3.14 * 2 ** 30, "3.1 GiB"],
    [5 * 2 ** 50, "5120 TiB"],
  ])("%d is %s", (value, said) => expect(bytes(value)).toBe(said));

  it("takes the unit of the whole for both", () => {
    expect(bytesOf(92 * 2 ** 20, 256 * 2 ** 20)).toEqual({ used: "92", whole: "of 256 MiB" });
    expect(bytesOf(512 * 2 ** 20, 24 * 2 ** 30)).toEqual({ used: "0.5", whole: "of 24 GiB" });
  });

  it("says only what is used where there is no limit", () => {
    expect(bytesOf(2048, 0)).toEqual({ used: "2 KiB", whole: "" });
  });
});

describe("coresOf", () => {
  it.each([
    [0.98, 1, "0.98", "of 1 core"],
    [1.9, 2, "1.90", "of 2 cores"],
    [0.2, 0.5, "0.20", "of 0.5 cores"],
    [0.2, 0, "0.20 cores", ""],
  ])("%d of %d", (used, whole, left, right) => expect(coresOf(used, whole)).toEqual({ used: left, whole: right }));
});

describe("durations", () => {
  it.each([
    [0.42, "0.4 ms"],
    [9.96, "10 ms"],
    [999.6, "1.0 s"],
    [1234, "1.2 s"],
    [59_960, "1 min"],
    [125_000, "2 min 5 s"],
  ])("%d ms is %s", (ms, said) => expect(millis(ms)).toBe(said));

  it("reads Go's nanoseconds", () => expect(nanos(10e9)).toBe("10 s"));

  it.each([
    [-50, "0 s"],
    [59_999, "59 s"],
    [60_000, "1 min"],
    [7_200_000, "2 h"],
    [200_000_000, "2 d"],
  ])("age of %d ms is %s", (ms, said) => expect(age(ms)).toBe(said));

  it("speaks of a moment from now", () => {
    const now = new Date("2026-03-10T12:00:00Z");
    expect(ago(new Date("2026-03-10T11:59:58Z"), now)).toBe("just now");
    expect(ago(new Date("2026-03-10T11:57:00Z"), now)).toBe("3 min ago");
    expect(ago(new Date("2026-01-02T12:00:00Z"), now)).toMatch(/2026/);
  });
});

describe("points and counts", () => {
  it("keeps two decimals at most", () => expect([2.5, 3, 1 / 3].map(points)).toEqual(["2.5", "3", "0.33"]));
  it("counts in words", () => expect([count(1, "test"), count(2, "test")]).toEqual(["1 test", "2 tests"]));
});

describe("spans", () => {
  it("makes colours spans and keeps the text", () => {
    expect(spans("a \u001b[31;1mred\u001b[0m b")).toEqual([
      { text: "a " },
      { text: "red", colour: "red", bold: true },
      { text: " b" },
    ]);
  });

  it("keeps only the end of a line that was drawn over", () => {
    expect(spans("10 %\r50 %\r100 %\nnext\r\n")).toEqual([{ text: "100 %\nnext\n" }]);
  });

  it("never passes markup or control characters on as such", () => {
    expect(spans("<b>\u0007\u0000x")).toEqual([{ text: "<b>x" }]);
    expect(printable("a\u001bb\tc\n")).toBe("ab\tc\n");
  });
});
