// Figures in words, with units, the way the tables show them.

const binary = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

function scale(bytes: number): { unit: string; size: number } {
  let size = 1;
  let i = 0;
  while (i < binary.length - 1 && Math.abs(bytes) >= size * 1024) {
    size *= 1024;
    i++;
  }
  return { unit: binary[i] ?? "B", size };
}

/** Up to 10 with one decimal, when there is one to show; above, whole. */
function short(value: number): string {
  const rounded = value < 9.95 ? Math.round(value * 10) / 10 : Math.round(value);
  return String(rounded);
}

/** 96468992 → "92 MiB". */
export function bytes(value: number): string {
  const { unit, size } = scale(value);
  return `${short(value / size)} ${unit}`;
}

/** "92", "of 256 MiB": both in the unit of the whole, so that they compare at a glance. */
export function bytesOf(used: number, whole: number): { used: string; whole: string } {
  if (whole <= 0) return { used: bytes(used), whole: "" };
  const { unit, size } = scale(whole);
  return { used: short(used / size), whole: `of ${short(whole / size)} ${unit}` };
}

/** "0.98", "of 1 core". */
export function coresOf(used: number, whole: number): { used: string; whole: string } {
  if (whole <= 0) return { used: `${used.toFixed(2)} cores`, whole: "" };
  return { used: used.toFixed(2), whole: `of ${short(whole)} ${whole === 1 ? "core" : "cores"}` };
}

/** Milliseconds → "0.4 ms", "12 ms", "1.2 s", "2 min 5 s". */
export function millis(ms: number): string {
  if (ms < 9.95) return `${Math.round(ms * 10) / 10} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const rest = seconds % 60;
  return rest === 0 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 60)} min ${rest} s`;
}

/** Go's durations travel as nanoseconds. */
export function nanos(ns: number): string {
  return millis(ns / 1e6).replace(".0 ", " ");
}

/** 2.5 → "2.5", 3 → "3", 1/3 → "0.33". */
export function points(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** "1 test", "3 tests". */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}
