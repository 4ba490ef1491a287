import { describe, expect, it } from "vitest";
import { type Row, rows } from "./rows";

/** "3 a | 3 b" for a row; marked pieces in brackets. */
function said(row: Row): string {
  if (row.kind === "fold") return `… ${row.rows.length}`;
  const side = (s: typeof row.left) =>
    s === undefined ? "-" : `${s.line} ${s.pieces.map((p) => (p.marked ? `[${p.text}]` : p.text)).join("")}`;
  return `${row.kind === "same" ? "=" : "~"} ${side(row.left)} | ${side(row.right)}`;
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `${from + i}\n`).join("");

describe("rows", () => {
  it.each<[string, string, string, string[]]>([
    ["equal texts", "a\nb\n", "a\nb\n", ["= 1 a | 1 a", "= 2 b | 2 b"]],
    ["a changed word", "Fizz 3\n", "Fizz 4\n", ["~ 1 Fizz [3] | 1 Fizz [4]"]],
    ["a missing line", "a\nb\n", "a\n", ["= 1 a | 1 a", "~ 2 b | -"]],
    ["a line too many", "a\n", "a\nb\n", ["= 1 a | 1 a", "~ - | 2 b"]],
    ["nothing came", "a\n", "", ["~ 1 a | -"]],
    ["nothing was expected", "", "a", ["~ - | 1 a"]],
    ["only the last newline differs", "a\n", "a", ["= 1 a | 1 a"]],
    ["both are empty", "", "", []],
  ])("%s", (_, expected, got, want) => expect(rows(expected, got).map(said)).toEqual(want));

  it("pairs changed blocks line by line and counts on", () => {
    expect(rows("x\na\nb\ny\n", "x\nc\ny\n").map(said)).toEqual([
      "= 1 x | 1 x",
      "~ 2 [a] | 2 [c]",
      "~ 3 b | -",
      "= 4 y | 3 y",
    ]);
  });

  it("folds long equal stretches but keeps three lines around a difference", () => {
    const text = numbers(1, 20);
    expect(rows(text, text.replace("10\n", "ten\n")).map(said)).toEqual([
      "… 6",
      "= 7 7 | 7 7",
      "= 8 8 | 8 8",
      "= 9 9 | 9 9",
      "~ 10 [10] | 10 [ten]",
      "= 11 11 | 11 11",
      "= 12 12 | 12 12",
      "= 13 13 | 13 13",
      "… 7",
    ]);
  });
});
