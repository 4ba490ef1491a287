import { Link } from "@tanstack/react-router";
import type { Build } from "../../api/types";
import { shortDigest } from "../../format/digest";
import { millis } from "../../format/units";
import { Ago } from "../../parts/ago";
import { Empty } from "../../parts/empty";
import table from "../../parts/table.module.css";
import { TableWrap } from "../../parts/table-wrap";
import { StateTag } from "../../parts/verdict";

function took(build: Build): string {
  if (build.started_at === undefined || build.ended_at === undefined) return "";
  return millis(Date.parse(build.ended_at) - Date.parse(build.started_at));
}

/** An image's builds, the newest first. */
export function Builds({ builds }: { builds: Build[] }) {
  if (builds.length === 0) {
    return (
      <div className="panel">
        <Empty title="No builds yet">Press Build, or Ctrl-Enter in the editor.</Empty>
      </div>
    );
  }
  return (
    <TableWrap label="Builds" panel>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">Build</th>
            <th scope="col">State</th>
            <th scope="col" className={table.wide}>
              Yielded
            </th>
            <th scope="col" className={`${table.n} ${table.wide}`}>
              Took
            </th>
            <th scope="col" className={table.n}>
              Started
            </th>
          </tr>
        </thead>
        <tbody>
          {builds.map((build) => (
            <tr key={build.id} data-link>
              <td className={table.grow}>
                <Link
                  from="/images/$image"
                  to="/images/$image"
                  search={(now) => ({ ...now, tab: undefined, build: build.id })}
                  className={table.title}
                >
                  Revision {build.revision}
                </Link>
                <div className={table.sub}>
                  {build.by}
                  {build.message && ` · ${build.message}`}
                </div>
              </td>
              <td>
                <StateTag state={build.state} />
              </td>
              <td className={`${table.wide} mono`}>{build.digest && shortDigest(build.digest)}</td>
              <td className={`${table.n} ${table.wide}`}>{took(build)}</td>
              <td className={`${table.n} dim`}>
                <Ago at={build.created_at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableWrap>
  );
}
