import { Button, Modal, Tabs } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { api } from "../../api/client";
import type { GraderDetail } from "../../api/types";
import { bytes } from "../../format/units";
import { Confirm } from "../../parts/confirm";
import { Empty } from "../../parts/empty";
import { PageHead } from "../../parts/page-head";
import parts from "../../parts/parts.module.css";
import { Pre } from "../../parts/pre";
import table from "../../parts/table.module.css";
import { TableWrap } from "../../parts/table-wrap";
import { useCourseNames } from "../../session";
import { JobsTable } from "../jobs/jobs-table";
import { GraderFacts } from "./grader-facts";
import { GraderTests } from "./grader-tests";
import classes from "./graders.module.css";
import { TryIt } from "./try-it";
import { UploadGrader } from "./upload-grader";

export function GraderPage() {
  const { grader: id } = useParams({ from: "/app/graders/$grader" });
  const { tab = "overview" } = useSearch({ from: "/app/graders/$grader" });
  const navigate = useNavigate({ from: "/graders/$grader" });
  const courses = useCourseNames();
  const { data } = api.useSuspenseQuery("get", "/api/v1/graders/{id}", { params: { path: { id } } });
  const { grader, spec, samples, files, yaml } = data;
  return (
    <>
      <PageHead
        title={grader.name}
        before={
          <Link to="/graders" className={parts.crumb}>
            Graders /
          </Link>
        }
        about={`${courses.get(grader.course) ?? ""} · revision ${grader.revision}`}
      >
        <NewRevision grader={grader} />
        <Remove grader={grader} />
      </PageHead>
      <Tabs
        value={tab}
        onChange={(value) =>
          void navigate({ search: (now) => ({ ...now, tab: value === "overview" ? undefined : (value ?? undefined) }) })
        }
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="overview">Overview</Tabs.Tab>
          <Tabs.Tab value="yaml">grader.yaml</Tabs.Tab>
          <Tabs.Tab value="files">Files {files.length}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="overview">
          <div className={classes.columns}>
            {/* What can be done comes first on a phone, and stands at the right where there is room. */}
            <div className={classes.column}>
              <TryIt grader={id} samples={samples} />
              <GraderFacts spec={spec} />
            </div>
            <div className={classes.column}>
              <GraderTests spec={spec} />
              <RecentJobs grader={id} />
            </div>
          </div>
        </Tabs.Panel>
        <Tabs.Panel value="yaml">
          <Pre label="grader.yaml" tall>
            {yaml}
          </Pre>
        </Tabs.Panel>
        <Tabs.Panel value="files">
          <Files files={files} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

function RecentJobs({ grader }: { grader: string }) {
  const jobs = api.useQuery("get", "/api/v1/jobs", { params: { query: { grader, limit: 8 } } });
  if (!jobs.isSuccess) return null;
  return (
    <section className={`panel ${classes.panel}`} aria-label="Recent jobs">
      <h2>Recent jobs</h2>
      {jobs.data.items.length > 0 ? (
        <JobsTable jobs={jobs.data.items} brief />
      ) : (
        <Empty title="Nothing graded yet">Run a sample: its result shows here.</Empty>
      )}
    </section>
  );
}

function Files({ files }: { files: GraderDetail["files"] }) {
  return (
    <TableWrap label="Files" panel>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">Path</th>
            <th scope="col" className={table.n}>
              Size
            </th>
          </tr>
        </thead>
        <tbody>
          {files.map(({ path, size }) => (
            <tr key={path}>
              <td className={`${table.grow} mono`}>{path}</td>
              <td className={table.n}>{bytes(size)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableWrap>
  );
}

function NewRevision({ grader }: { grader: GraderDetail["grader"] }) {
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <Button onClick={open}>New revision…</Button>
      <Modal opened={opened} onClose={close} title={`New revision of ${grader.name}`} size="lg">
        <p className="dim" style={{ marginTop: 0 }}>
          Jobs from now on use it; jobs already accepted keep the files they were accepted with.
        </p>
        <UploadGrader to={{ grader: grader.id }} onDone={close} />
      </Modal>
    </>
  );
}

function Remove({ grader }: { grader: GraderDetail["grader"] }) {
  const [opened, { open, close }] = useDisclosure(false);
  const client = useQueryClient();
  const navigate = useNavigate();
  const remove = api.useMutation("delete", "/api/v1/graders/{id}");
  return (
    <>
      <Button onClick={open}>Remove…</Button>
      <Confirm
        opened={opened}
        onClose={close}
        title={`Remove ${grader.name}?`}
        typed={grader.name}
        action="Remove grader"
        pending={remove.isPending}
        error={remove.error}
        onConfirm={() =>
          remove.mutate(
            { params: { path: { id: grader.id } } },
            {
              onSuccess: () => {
                void client.invalidateQueries({ queryKey: ["get", "/api/v1/graders"] });
                void navigate({ to: "/graders" });
              },
            },
          )
        }
      >
        The grader goes with all {grader.revision} of its revisions and cannot be brought back. Its jobs and their
        results stay.
      </Confirm>
    </>
  );
}
