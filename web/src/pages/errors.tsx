import { Box, Button } from "@mantine/core";
import { type ErrorComponentProps, Link, useRouter } from "@tanstack/react-router";
import { asProblem } from "../api/problem";
import { Empty } from "../parts/empty";
import { PageHead } from "../parts/page-head";
import { ProblemNote } from "../parts/problem-note";

/** Shown in place of a page that could not be drawn. */
export function ErrorPage({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  if (asProblem(error).status === 404) return <NotFound />;
  return (
    <Box p="lg">
      <PageHead title="This page could not be shown" />
      <ProblemNote
        error={error}
        retry={() => {
          reset();
          void router.invalidate();
        }}
      />
    </Box>
  );
}

export function NotFound() {
  return (
    <>
      <PageHead title="Not found" />
      <div className="panel">
        <Empty
          title="There is nothing at this address"
          next={<Button renderRoot={(props) => <Link to="/live" {...props} />}>Go to Live</Button>}
        >
          It was removed, or it belongs to a course that you are not a member of.
        </Empty>
      </div>
    </>
  );
}
