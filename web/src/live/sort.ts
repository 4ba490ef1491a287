import type { Container } from "../api/types";

// What each column is sorted by, and what a first press asks for: names from A, figures from the highest.
const columns = {
  container: { of: (c: Container) => `${c.grader ?? ""} ${String(c.job_number ?? 0).padStart(12, "0")}`, first: "" },
  cpu: { of: (c: Container) => c.cpu, first: "-" },
  memory: { of: (c: Container) => c.memory_bytes, first: "-" },
  processes: { of: (c: Container) => c.processes, first: "-" },
  age: { of: (c: Container) => -Date.parse(c.started_at), first: "-" },
} as const;

export type Column = keyof typeof columns;

/** How the address says it: "cpu" from the lowest, "-cpu" from the highest. */
export type Sort = { column: Column; down: boolean };

export function sortOf(text: string | undefined): Sort | undefined {
  const column = text?.replace(/^-/, "") ?? "";
  return Object.hasOwn(columns, column)
    ? { column: column as Column, down: text?.startsWith("-") === true }
    : undefined;
}

/** What a press on a column's head asks for next: its natural order, then the other, then none. */
export function pressed(column: Column, now: Sort | undefined): string | undefined {
  const { first } = columns[column];
  if (now?.column !== column) return first + column;
  const other = first === "-" ? "" : "-";
  return now.down === (first === "-") ? other + column : undefined;
}

/** Sorted anew; what is equal stays as it was. Without a sort, the order in which the hub tells. */
export function sorted(containers: Container[], sort: Sort | undefined): Container[] {
  if (sort === undefined) return containers;
  const { of } = columns[sort.column];
  const sign = sort.down ? -1 : 1;
  return containers.toSorted((a, b) => {
    const [x, y] = [of(a), of(b)];
    return x < y ? -sign : x > y ? sign : 0;
  });
}
