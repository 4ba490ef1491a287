import { Button, Select } from "@mantine/core";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { api } from "../../api/client";
import type { State, Verdict } from "../../api/types";
import { useLivePart } from "../../live/live";
import { Empty } from "../../parts/empty";
import { PageHead } from "../../parts/page-head";
import { ProblemNote } from "../../parts/problem-note";
import { SearchBox } from "../../parts/search-box";
import { verdictWords } from "../../parts/verdict";
import { useCourse } from "../../session";
import classes from "./jobs.module.css";
import { JobsTable } from "./jobs-table";

const states: State[] = ["queued", "starting", "running", "done", "failed", "cancelled"];
const verdicts: Verdict[] = [
  "passed",
  "partial",
  "failed",
  "timeout",
  "memory",
  "output",
  "disk",
  "processes",
  "crashed",
  "rejected",
  "infrastructure",
];

/** A choice in the address, when it is one that there is. */
function known<T extends string>(value: string | undefined, choices: T[]): T | undefined {
  return choices.find((choice) => choice === value);
}

export function JobsPage() {
  const search = useSearch({ from: "/app/jobs" });
  const course = useCourse();
  const jobs = api.useInfiniteQuery(
    "get",
    "/api/v1/jobs",
    {
      params: {
        query: {
          course: course?.id,
          q: search.q,
          grader: search.grader,
          state: known(search.state, states),
          verdict: known(search.verdict, verdicts),
        },
      },
    },
    {
      pageParamName: "before",
      initialPageParam: "",
      getNextPageParam: (last) => last.next,
    },
  );
  const items = jobs.data?.pages.flatMap((page) => page.items) ?? [];
  const filtered = Boolean(search.q || search.grader || search.state || search.verdict);
  return (
    <>
      <PageHead title="Jobs" about={<Summary />} />
      <Filters />
      {jobs.isError && (
        <ProblemNote error={jobs.error} title="Jobs could not be read" retry={() => void jobs.refetch()} />
      )}
      {jobs.isSuccess && (
        <div className="panel">
          {items.length > 0 && <JobsTable jobs={items} />}
          {items.length === 0 && <Nothing filtered={filtered} />}
          {jobs.hasNextPage && (
            <div className={classes.more}>
              <Button loading={jobs.isFetchingNextPage} onClick={() => void jobs.fetchNextPage()}>
                Show older jobs
              </Button>
            </div>
          )}
        </div>
      )}
    </>
  );
}

function Summary() {
  const queue = useLivePart((live) => live.queue);
  return (
    <>
      {queue.running} running · {queue.queued} queued
    </>
  );
}

function Filters() {
  const search = useSearch({ from: "/app/jobs" });
  const navigate = useNavigate({ from: "/jobs" });
  const course = useCourse();
  const graders = api.useQuery("get", "/api/v1/graders", { params: { query: { course: course?.id } } });
  const set = (name: "q" | "grader" | "state" | "verdict") => (value: string | null) =>
    void navigate({ search: (now) => ({ ...now, [name]: value || undefined }), replace: name === "q" });
  return (
    <div className={classes.filters}>
      <SearchBox label="Filter by label or number…" value={search.q ?? ""} onChange={set("q")} />
      <Select
        data-select
        aria-label="Grader"
        placeholder="Any grader"
        clearable
        searchable
        value={search.grader ?? null}
        data={(graders.data?.items ?? []).map(({ id, name }) => ({ value: id, label: name }))}
        onChange={set("grader")}
      />
      <Select
        data-select
        aria-label="State"
        placeholder="Any state"
        clearable
        value={known(search.state, states) ?? null}
        data={states}
        onChange={set("state")}
      />
      <Select
        data-select
        aria-label="Verdict"
        placeholder="Any verdict"
        clearable
        value={known(search.verdict, verdicts) ?? null}
        data={verdicts.map((verdict) => ({ value: verdict, label: verdictWords(verdict) }))}
        onChange={set("verdict")}
      />
    </div>
  );
}

function Nothing({ filtered }: { filtered: boolean }) {
  if (filtered) return <Empty title="No job matches">Clear a filter to see more.</Empty>;
  return (
    <Empty
      title="No jobs yet"
      next={
        <Button variant="filled" renderRoot={(props) => <Link to="/graders" {...props} />}>
          Open graders
        </Button>
      }
    >
      A job is one grading of one submission. Open a grader and run one of its samples, or drop a submission there;
      programs submit over the API with a token from Settings.
    </Empty>
  );
}
