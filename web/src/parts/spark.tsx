const width = 56;
const height = 20;
const samples = 60;

/** The last minute, newest at the right; it fills from the right as figures come. */
export function Spark({ values, top, colour }: { values: number[]; top?: number; colour: string }) {
  const highest = Math.max(top ?? 0, ...values, 0.01);
  const shown = values.slice(-samples);
  const points = shown.map((value, i) => {
    const x = width - ((shown.length - 1 - i) * width) / (samples - 1);
    const y = height - 1.5 - (value / highest) * (height - 4);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      <polyline fill="none" stroke={colour} strokeWidth="1.5" strokeLinejoin="round" points={points.join(" ")} />
    </svg>
  );
}
