import { diffLines, diffWordsWithSpace } from "diff";

/** A piece of a line; marked where it differs from the other side. */
export interface Piece {
  text: string;
  marked: boolean;
}

/** One side of a row: the line's number from 1, and its text in pieces. */
export interface Side {
  line: number;
  pieces: Piece[];
}

/** A row of the side-by-side view; a side is absent where the other has a line more. */
export type Row =
  | { kind: "same" | "changed"; left?: Side; right?: Side }
  /** Equal lines that are folded away. */
  | { kind: "fold"; rows: Row[] };

// Equal lines shown around a difference, and the fewest worth folding.
const context = 3;
const foldAtLeast = 4;

/**
 * Lines up what was expected with what came. A missing newline at the very end
 * is no row of its own: checks that care say so in their message.
 */
export function rows(expected: string, got: string): Row[] {
  // Two texts with nothing in common cost quadratic time: after half a second they are shown line by line instead.
  const changes = diffLines(ended(expected), ended(got), { timeout: 500 }) ?? [
    { value: ended(expected), removed: true, added: false },
    { value: ended(got), removed: false, added: true },
  ];
  const all: Row[] = [];
  let left = 1;
  let right = 1;
  let removed: string[] = [];
  const flush = (added: string[]) => {
    for (let i = 0; i < Math.max(removed.length, added.length); i++) {
      all.push(pair(removed[i], added[i], left, right));
      if (i < removed.length) left++;
      if (i < added.length) right++;
    }
    removed = [];
  };
  for (const change of changes) {
    const lines = split(change.value);
    if (change.removed) {
      flush([]);
      removed = lines;
    } else if (change.added) {
      flush(lines);
    } else {
      flush([]);
      for (const text of lines) {
        const pieces = [{ text, marked: false }];
        all.push({ kind: "same", left: { line: left++, pieces }, right: { line: right++, pieces } });
      }
    }
  }
  flush([]);
  return folded(all);
}

function ended(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}

function split(value: string): string[] {
  return value.replace(/\n$/, "").split("\n");
}

function pair(before: string | undefined, after: string | undefined, left: number, right: number): Row {
  const row: Row = { kind: "changed" };
  if (before === undefined || after === undefined) {
    if (before !== undefined) row.left = { line: left, pieces: [{ text: before, marked: false }] };
    if (after !== undefined) row.right = { line: right, pieces: [{ text: after, marked: false }] };
    return row;
  }
  const words = diffWordsWithSpace(before, after);
  row.left = {
    line: left,
    pieces: words.filter((w) => !w.added).map((w) => ({ text: w.value, marked: w.removed === true })),
  };
  row.right = {
    line: right,
    pieces: words.filter((w) => !w.removed).map((w) => ({ text: w.value, marked: w.added === true })),
  };
  return row;
}

function folded(all: Row[]): Row[] {
  const out: Row[] = [];
  for (let i = 0; i < all.length; ) {
    let end = i;
    while (end < all.length && all[end]?.kind === "same") end++;
    const from = i === 0 ? i : i + context;
    const to = end === all.length ? end : end - context;
    if (to - from >= foldAtLeast) {
      out.push(...all.slice(i, from), { kind: "fold", rows: all.slice(from, to) }, ...all.slice(to, end));
    } else {
      out.push(...all.slice(i, end));
    }
    i = end;
    while (i < all.length && all[i]?.kind === "changed") out.push(all[i++] as Row);
  }
  return out;
}
