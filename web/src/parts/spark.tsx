const width = 56;
const height = 20;
const base = height - 1.5;
const samples = 60;
const fewest = 20;

/**
 * The last seconds, newest at the right: at least 20, so that what has just begun fills from the right over an empty
 * line, and at most a minute.
 */
export function Spark({ values, top, colour }: { values: number[]; top?: number; colour: string }) {
  const highest = Math.max(top ?? 0, ...values, 0.01);
  const shown = values.slice(-samples);
  const step = (width - 1.5) / (Math.max(shown.length, fewest) - 1);
  const at = (i: number) => (width - 1.5 - (shown.length - 1 - i) * step).toFixed(1);
  const points = shown.map((value, i) => `${at(i)},${(base - (value / highest) * (height - 4)).toFixed(1)}`);
  const last = points.at(-1)?.split(",");
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      <path d={`M0 ${base}H${width}`} stroke="var(--line)" />
      {last !== undefined && (
        <>
          <polygon fill={colour} opacity="0.14" points={`${at(0)},${base} ${points.join(" ")} ${last[0]},${base}`} />
          <polyline fill="none" stroke={colour} strokeWidth="1.5" strokeLinejoin="round" points={points.join(" ")} />
          <circle cx={last[0]} cy={last[1]} r="1.5" fill={colour} />
        </>
      )}
    </svg>
  );
}
