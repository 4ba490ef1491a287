import { UnstyledButton } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { api } from "../../api/client";
import { Ago } from "../../parts/ago";
import { ProblemNote } from "../../parts/problem-note";
import table from "../../parts/table.module.css";
import { TableWrap } from "../../parts/table-wrap";

const DiffView = lazy(() => import("../../diff/diff-view").then((module) => ({ default: module.DiffView })));

/** Every saved state of an image; one that is opened is shown beside the newest. */
export function Revisions({ image }: { image: string }) {
  const revisions = api.useQuery("get", "/api/v1/images/{id}/revisions", { params: { path: { id: image } } });
  const [opened, setOpened] = useState<number>();
  if (revisions.isError) return <ProblemNote error={revisions.error} title="Revisions could not be read" />;
  const items = revisions.data?.items ?? [];
  const newest = items[0];
  return (
    <TableWrap label="Revisions" panel>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">Revision</th>
            <th scope="col">By</th>
            <th scope="col" className={table.n}>
              Saved
            </th>
          </tr>
        </thead>
        {items.map((revision) => (
          <tbody key={revision.number}>
            <tr>
              <td className={table.grow}>
                <UnstyledButton
                  className={table.title}
                  aria-expanded={opened === revision.number}
                  onClick={() => setOpened(opened === revision.number ? undefined : revision.number)}
                >
                  {opened === revision.number ? "▾" : "▸"} {revision.number}
                </UnstyledButton>
              </td>
              <td>{revision.by}</td>
              <td className={`${table.n} dim`}>
                <Ago at={revision.created_at} />
              </td>
            </tr>
            {opened === revision.number && newest !== undefined && (
              <tr>
                <td colSpan={3}>
                  <Suspense fallback={null}>
                    <DiffView
                      expected={revision.dockerfile}
                      got={newest.dockerfile}
                      left={`Revision ${revision.number}`}
                      right={`Revision ${newest.number}, the newest`}
                    />
                  </Suspense>
                </td>
              </tr>
            )}
          </tbody>
        ))}
      </table>
    </TableWrap>
  );
}
