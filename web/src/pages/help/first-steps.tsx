import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Pre } from "../../parts/pre";
import classes from "./help.module.css";

const grader = `name: Sums
image: ./Dockerfile
tests:
  - name: adds
    run: [python3, sum.py]
    stdin: {text: "3 4\\n"}
    stdout: {tokens: "7"}
    points: 5`;

const dockerfile = `FROM debian:bookworm
RUN apt-get update && apt-get install -y --no-install-recommends python3`;

/** From nothing to a graded course, in the order in which one does it. */
export function FirstSteps() {
  const curl = `curl -H "Authorization: Bearer TOKEN" \\
  -F grader=GRADER -F archive=@submission.zip \\
  ${window.location.origin}/api/v1/jobs`;
  return (
    <ol className={classes.steps}>
      <Step title="Run an example">
        <p>
          The example course has three graders. Open one under <Link to="/graders">Graders</Link> and press <b>Run</b>{" "}
          at a sample: <i>correct</i> gets all points, <i>partly-wrong</i> some, and <i>endless</i> and <i>hostile</i>{" "}
          show that a submission cannot get past its limits.
        </p>
      </Step>
      <Step title="Watch it">
        <p>
          <Link to="/live">Live</Link> shows each running submission with its CPU and memory, second by second.{" "}
          <Link to="/jobs">Jobs</Link> keeps every result: open one, then one of its tests, to see the expected output
          beside what came.
        </p>
      </Step>
      <Step title="Write a grader">
        <p>
          A grader is a folder with a <code>grader.yaml</code> that says which image, which limits and which tests. The
          shortest one that works:
        </p>
        <Pre label="grader.yaml">{grader}</Pre>
        <p>
          and beside it the <code>Dockerfile</code> with what students’ programs need:
        </p>
        <Pre label="Dockerfile">{dockerfile}</Pre>
        <p>
          Every key is in{" "}
          <Link to="/help" search={{ tab: "reference" }}>
            grader.yaml
          </Link>
          . Put solutions, right and wrong ones, into <code>submissions/</code>: they become the samples of the grader’s
          page.
        </p>
      </Step>
      <Step title="Upload it">
        <p>
          Drop the folder on <Link to="/graders">Graders</Link>. What is wrong in it is said with line and column, and
          nothing is kept until all of it is right. Later, <b>New revision…</b> on its page replaces it; jobs that were
          accepted before keep the files they were accepted with.
        </p>
      </Step>
      <Step title="Invite the others">
        <p>
          Under{" "}
          <Link to="/settings" search={{ tab: "courses" }}>
            Settings, Courses
          </Link>
          , an instructor of a course sees its graders, images and jobs, and nothing of other courses. Administrators
          make courses and users.
        </p>
      </Step>
      <Step title="Let programs submit">
        <p>
          A learning platform or a script submits with a token from{" "}
          <Link to="/settings" search={{ tab: "tokens" }}>
            Settings, API tokens
          </Link>
          ; GRADER is the last part of the address of the grader’s page. The answer has the job’s id, and{" "}
          <code>/api/v1/jobs/ID</code> its result.
        </p>
        <Pre label="Submitting with curl">{curl}</Pre>
      </Step>
    </ol>
  );
}

function Step({ title, children }: { title: string; children: ReactNode }) {
  return (
    <li className="panel">
      <h2>{title}</h2>
      {children}
    </li>
  );
}
