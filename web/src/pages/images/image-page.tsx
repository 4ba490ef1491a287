import { Button, Skeleton, Tabs } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useBlocker, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useRef } from "react";
import { api } from "../../api/client";
import type { ImageDetail } from "../../api/types";
import { Ago } from "../../parts/ago";
import { Empty } from "../../parts/empty";
import { PageHead } from "../../parts/page-head";
import parts from "../../parts/parts.module.css";
import { ProblemNote } from "../../parts/problem-note";
import { useCourseNames } from "../../session";
import { BuildPanel } from "./build-panel";
import { Builds } from "./builds";
import { Conflict } from "./conflict";
import type { EditorHandle } from "./dockerfile-editor";
import classes from "./images.module.css";
import { RemoveImage } from "./remove-image";
import { Revisions } from "./revisions";
import { useDraft } from "./use-draft";

const DockerfileEditor = lazy(() => import("./dockerfile-editor"));

export function ImagePage() {
  const { image: id } = useParams({ from: "/app/images/$image" });
  const { data } = api.useSuspenseQuery("get", "/api/v1/images/{id}", { params: { path: { id } } });
  return <Editing key={id} detail={data} />;
}

function Editing({ detail }: { detail: ImageDetail }) {
  const { image } = detail;
  const { tab = "editor" } = useSearch({ from: "/app/images/$image" });
  const navigate = useNavigate({ from: "/images/$image" });
  const client = useQueryClient();
  const courses = useCourseNames();
  const draft = useDraft(detail);
  const start = api.useMutation("post", "/api/v1/images/{id}/builds");
  const builds = api.useQuery("get", "/api/v1/builds", { params: { query: { image: image.id } } });

  const build = async () => {
    if (!(await draft.save())) return;
    start.mutate(
      { params: { path: { id: image.id } } },
      {
        onSuccess: (made) => {
          void client.invalidateQueries({ queryKey: ["get", "/api/v1/builds"] });
          void navigate({ search: (now) => ({ ...now, tab: undefined, build: made.id }) });
        },
      },
    );
  };
  useHotkeys(
    [
      ["mod+S", () => void draft.save()],
      ["mod+Enter", () => void build()],
    ],
    [],
    true,
  );
  useBlocker({
    shouldBlockFn: ({ current, next }) =>
      draft.changed && current.pathname !== next.pathname && !window.confirm("Leave without saving your changes?"),
    enableBeforeUnload: () => draft.changed,
  });

  return (
    <>
      <PageHead
        title={image.name}
        before={
          <Link to="/images" className={parts.crumb}>
            Images /
          </Link>
        }
        about={`${courses.get(image.course) ?? ""} · revision ${draft.base.number} · ${draft.changed ? "not saved" : "saved"}`}
      >
        <RemoveImage image={image} />
        <Button loading={draft.saving} disabled={!draft.changed} onClick={() => void draft.save()}>
          Save <kbd className={parts.key}>Ctrl S</kbd>
        </Button>
        <Button variant="filled" loading={start.isPending} onClick={() => void build()}>
          Build <kbd className={parts.key}>Ctrl ⏎</kbd>
        </Button>
      </PageHead>
      {draft.error !== null && <ProblemNote error={draft.error} title="The Dockerfile was not saved" />}
      {start.isError && <ProblemNote error={start.error} title="The build was not started" />}
      <Tabs
        value={tab}
        onChange={(value) =>
          void navigate({ search: (now) => ({ ...now, tab: value === "editor" ? undefined : (value ?? undefined) }) })
        }
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="editor">Editor</Tabs.Tab>
          <Tabs.Tab value="builds">Builds {builds.data?.items.length || ""}</Tabs.Tab>
          <Tabs.Tab value="revisions">Revisions {image.revision}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="editor">
          <EditorAndBuild draft={draft} newest={builds.data?.items[0]?.id} />
        </Tabs.Panel>
        <Tabs.Panel value="builds">
          <Builds builds={builds.data?.items ?? []} />
        </Tabs.Panel>
        <Tabs.Panel value="revisions">
          <Revisions image={image.id} />
        </Tabs.Panel>
      </Tabs>
      {draft.conflict !== undefined && (
        <Conflict
          theirs={draft.conflict}
          ours={draft.text}
          onOurs={() => void draft.keepOurs()}
          onTheirs={draft.takeTheirs}
          onClose={draft.closeConflict}
        />
      )}
    </>
  );
}

function EditorAndBuild({ draft, newest }: { draft: ReturnType<typeof useDraft>; newest?: string }) {
  const { build: asked } = useSearch({ from: "/app/images/$image" });
  const editor = useRef<EditorHandle>(null);
  const shown = asked ?? newest;
  const build = api.useQuery(
    "get",
    "/api/v1/builds/{id}",
    { params: { path: { id: shown ?? "" } } },
    { enabled: shown !== undefined },
  ).data;
  const same = build?.revision === draft.base.number;
  return (
    <div className={classes.columns}>
      <section className={`panel ${classes.editor}`} aria-label="Dockerfile">
        <Suspense fallback={<Skeleton h={360} radius={0} />}>
          <DockerfileEditor
            ref={editor}
            label="Dockerfile"
            value={draft.text}
            onChange={draft.setText}
            failedLine={same ? build?.line : undefined}
          />
        </Suspense>
        <footer className="faint">
          Revision {draft.base.number} by {draft.base.by}, <Ago at={draft.base.created_at} />
        </footer>
      </section>
      {shown === undefined ? (
        <div className="panel">
          <Empty title="Not built yet">Build it to see each step, its output and the line it comes from.</Empty>
        </div>
      ) : (
        <BuildPanel key={shown} id={shown} onLine={same ? (line) => editor.current?.goTo(line) : undefined} />
      )}
    </div>
  );
}
