import { Button, Select, Stack } from "@mantine/core";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type Ref, useRef, useState } from "react";
import { api } from "../../api/client";
import type { Grader } from "../../api/types";
import { points } from "../../format/units";
import { Ago } from "../../parts/ago";
import { Empty } from "../../parts/empty";
import { PageHead } from "../../parts/page-head";
import { ProblemNote } from "../../parts/problem-note";
import { SearchBox } from "../../parts/search-box";
import table from "../../parts/table.module.css";
import { TableWrap } from "../../parts/table-wrap";
import { useCourse, useCourseNames, useSession } from "../../session";
import classes from "./graders.module.css";
import { UploadGrader } from "./upload-grader";

export function GradersPage() {
  const { q } = useSearch({ from: "/app/graders" });
  const navigate = useNavigate({ from: "/graders" });
  const course = useCourse();
  const upload = useRef<HTMLElement>(null);
  const graders = api.useQuery("get", "/api/v1/graders", { params: { query: { course: course?.id, q } } });
  return (
    <>
      <PageHead title="Graders">
        <Button variant="filled" onClick={() => upload.current?.focus()}>
          Upload a grader
        </Button>
      </PageHead>
      <div className={classes.filters}>
        <SearchBox
          label="Filter by name…"
          value={q ?? ""}
          onChange={(text) => void navigate({ search: (now) => ({ ...now, q: text || undefined }), replace: true })}
        />
      </div>
      {graders.isError && (
        <ProblemNote error={graders.error} title="Graders could not be read" retry={() => void graders.refetch()} />
      )}
      {graders.isSuccess && (
        <div className="panel">
          {graders.data.items.length > 0 ? (
            <GradersTable graders={graders.data.items} />
          ) : (
            <Empty title={q ? "No grader matches" : "No graders yet"}>
              {q
                ? "Press Esc in the filter to see all."
                : "A grader is a folder with a grader.yaml: which image, which limits, which tests. Drop one below; Help shows how to write it."}
            </Empty>
          )}
        </div>
      )}
      <Upload focus={upload} />
    </>
  );
}

function GradersTable({ graders }: { graders: Grader[] }) {
  const courses = useCourseNames();
  return (
    <TableWrap label="Graders">
      <table className={table.table}>
        <caption className="sr-only">Graders</caption>
        <thead>
          <tr>
            <th scope="col">Grader</th>
            <th scope="col" className={table.n}>
              Tests
            </th>
            <th scope="col" className={table.n}>
              Points
            </th>
            <th scope="col" className={`${table.n} ${table.wide}`}>
              Revision
            </th>
            <th scope="col" className={table.wide}>
              By
            </th>
            <th scope="col" className={`${table.n} ${table.wide}`}>
              Changed
            </th>
          </tr>
        </thead>
        <tbody>
          {graders.map((grader) => (
            <tr key={grader.id} data-link>
              <td className={table.grow}>
                <Link to="/graders/$grader" params={{ grader: grader.id }} className={table.title}>
                  {grader.name}
                </Link>
                <div className={table.sub}>{courses.get(grader.course)}</div>
              </td>
              <td className={table.n}>{grader.tests}</td>
              <td className={table.n}>{points(grader.max_score)}</td>
              <td className={`${table.n} ${table.wide}`}>{grader.revision}</td>
              <td className={table.wide}>{grader.by}</td>
              <td className={`${table.n} ${table.wide} dim`}>
                <Ago at={grader.updated_at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableWrap>
  );
}

/** A new grader, into the chosen course or the one that is picked here. */
function Upload({ focus }: { focus: Ref<HTMLElement> }) {
  const { courses } = useSession();
  const chosen = useCourse();
  const navigate = useNavigate();
  const [picked, setPicked] = useState<string | null>(null);
  const only = courses.length === 1 ? courses[0] : undefined;
  const course = (chosen ?? only)?.id ?? picked ?? undefined;
  return (
    <section className={`panel ${classes.upload}`} aria-label="Upload a grader" ref={focus} tabIndex={-1}>
      <Stack gap="sm">
        <h2>Upload a grader</h2>
        {chosen === undefined && only === undefined && (
          <Select
            label="Course"
            placeholder="Which course it belongs to"
            maw={320}
            value={picked}
            data={courses.map(({ id, title }) => ({ value: id, label: title }))}
            onChange={setPicked}
          />
        )}
        <UploadGrader
          to={course === undefined ? undefined : { course }}
          onDone={(grader) => void navigate({ to: "/graders/$grader", params: { grader: grader.id }, search: {} })}
        />
      </Stack>
    </section>
  );
}
