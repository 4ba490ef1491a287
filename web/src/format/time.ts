/** How long ago, or how long, in the largest unit that says something: "12 s", "3 min", "2 h", "5 d". */
export function age(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86_400)} d`;
}

/** "just now", "3 min ago"; after a week the day itself says more. */
export function ago(then: Date, now: Date): string {
  const ms = now.getTime() - then.getTime();
  if (ms < 5000) return "just now";
  if (ms < 7 * 86_400_000) return `${age(ms)} ago`;
  return then.toLocaleDateString(undefined, { year: "numeric", month: "short", day: "numeric" });
}

/** The whole moment, for the tooltip. */
export function exact(then: Date): string {
  return then.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}
