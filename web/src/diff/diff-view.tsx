import { UnstyledButton } from "@mantine/core";
import { useMemo, useState } from "react";
import { count } from "../format/units";
import classes from "./diff.module.css";
import { type Row, rows, type Side } from "./rows";

interface Props {
  expected: string;
  got: string;
  /** What the sides are called. */
  left?: string;
  right?: string;
}

/** What was expected at the left, what came at the right, differences marked. */
export function DiffView({ expected, got, left = "Expected", right = "Output" }: Props) {
  const all = useMemo(() => rows(expected, got), [expected, got]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={classes.wrap} tabIndex={0} aria-label={`${left} beside ${right.toLowerCase()}`}>
      <table className={`${classes.table} mono`}>
        <colgroup>
          <col className={classes.line} />
          <col />
          <col className={classes.line} />
          <col />
        </colgroup>
        <thead>
          <tr>
            <th colSpan={2} scope="colgroup">
              {left}
            </th>
            <th colSpan={2} scope="colgroup">
              {right}
              {got === "" ? ": nothing" : ""}
            </th>
          </tr>
        </thead>
        <tbody>
          {all.map((row) => (
            <DiffRow key={keyOf(row)} row={row} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function keyOf(row: Row): string {
  const first = row.kind === "fold" ? row.rows[0] : row;
  if (first === undefined || first.kind === "fold") return "empty";
  return `${row.kind} ${first.left?.line} ${first.right?.line}`;
}

function DiffRow({ row }: { row: Row }) {
  const [unfolded, setUnfolded] = useState(false);
  if (row.kind === "fold") {
    if (unfolded) return row.rows.map((inner) => <DiffRow key={keyOf(inner)} row={inner} />);
    return (
      <tr className={classes.fold}>
        <td colSpan={4}>
          <UnstyledButton onClick={() => setUnfolded(true)}>… {count(row.rows.length, "equal line")}</UnstyledButton>
        </td>
      </tr>
    );
  }
  const changed = row.kind === "changed";
  return (
    <tr>
      <Cells side={row.left} colour={changed ? classes.expected : undefined} />
      <Cells side={row.right} colour={changed ? classes.got : undefined} />
    </tr>
  );
}

function Cells({ side, colour }: { side?: Side; colour?: string }) {
  if (side === undefined) return <td colSpan={2} className={classes.none} />;
  let at = 0;
  return (
    <>
      <td className={`${classes.line} ${colour ?? ""}`}>{side.line}</td>
      <td className={colour}>
        {side.pieces.map((piece) => {
          const key = at;
          at += piece.text.length;
          return piece.marked ? <mark key={key}>{piece.text}</mark> : <span key={key}>{piece.text}</span>;
        })}
      </td>
    </>
  );
}
