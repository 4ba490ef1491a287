import classes from "./parts.module.css";
import { Spark } from "./spark";

interface Props {
  label: string;
  used: string;
  whole: string;
  /** 0 to 1, of the thing's own limit. */
  share: number;
  kind: "cpu" | "mem" | "disk";
  history?: number[];
  /** The value that a full sparkline stands for. */
  top?: number;
}

/** CPU at its limit is normal and stays calm; memory and disk warn before they run out. */
export function barColour(kind: Props["kind"], share: number): string {
  if (kind !== "cpu" && share >= 0.9) return "var(--bad)";
  if (kind !== "cpu" && share >= 0.8) return "var(--warn)";
  return `var(--${kind})`;
}

/** "92 of 256 MiB" over a bar, with the last minute beside it. */
export function Meter({ label, used, whole, share, kind, history, top }: Props) {
  const part = Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0));
  return (
    <div className={classes.meter}>
      <div>
        <span className="num">
          {used} <span className="faint">{whole}</span>
        </span>
        {/* biome-ignore lint/a11y/useSemanticElements: browsers draw <meter> each in their own way */}
        <div
          className={classes.bar}
          role="meter"
          aria-label={label}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.round(part * 100)}
          aria-valuetext={`${used} ${whole}`}
        >
          <i style={{ width: `${part * 100}%`, background: barColour(kind, part) }} />
        </div>
      </div>
      {history !== undefined && <Spark values={history} top={top} colour={`var(--${kind})`} />}
    </div>
  );
}
