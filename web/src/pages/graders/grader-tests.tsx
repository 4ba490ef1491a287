import type { GraderDetail, Test } from "../../api/types";
import { points } from "../../format/units";
import table from "../../parts/table.module.css";
import { TableWrap } from "../../parts/table-wrap";
import { Tag } from "../../parts/tag";
import classes from "./graders.module.css";

/** What a test asks for, in words. */
export function asks(test: Test): string {
  if (test.score === "json") return "gives its own score";
  const said: string[] = [];
  if (test.stdout) {
    const { kind, tolerance } = test.stdout;
    said.push(`output ${words[kind]}${kind === "tokens" && tolerance ? ` ± ${tolerance}` : ""}`);
  }
  if (test.stderr) said.push(`errors ${words[test.stderr.kind]}`);
  if (test.exit !== undefined) said.push(`exit status ${test.exit}`);
  return said.join(", ") || "exit status 0";
}

const words = {
  equal: "equals",
  tokens: "has the same words",
  contains: "contains",
  regexp: "matches",
} as const;

export function GraderTests({ spec }: { spec: GraderDetail["spec"] }) {
  return (
    <section className={`panel ${classes.panel}`} aria-label="Tests">
      <h2>Tests</h2>
      <TableWrap label="Tests">
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col">Test</th>
              <th scope="col" className={table.wide}>
                Asks for
              </th>
              <th scope="col" className={table.n}>
                Points
              </th>
            </tr>
          </thead>
          <tbody>
            {spec.build && (
              <Row name="Compile step" command={spec.build.command} asks="exit status 0" worth={spec.build.points} />
            )}
            {spec.tests.map((test, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the order of tests never changes, and names may repeat
              <Row key={i} name={test.name} command={test.command} asks={asks(test)} worth={test.points} test={test} />
            ))}
          </tbody>
        </table>
      </TableWrap>
    </section>
  );
}

function Row({
  name,
  command,
  asks,
  worth,
  test,
}: {
  name: string;
  command: string[];
  asks: string;
  worth: number;
  test?: Test;
}) {
  return (
    <tr>
      <td className={table.grow}>
        {name} {test?.hidden && <Tag>hidden</Tag>} {test?.as === "grader" && <Tag tone="info">as grader</Tag>}
        <div className={`${table.sub} mono`}>{command.join(" ")}</div>
      </td>
      <td className={`${table.wide} dim`}>{asks}</td>
      <td className={table.n}>{points(worth)}</td>
    </tr>
  );
}
