import { Button } from "@mantine/core";
import { asProblem } from "../api/problem";
import type { Finding } from "../api/types";
import classes from "./parts.module.css";

function place(finding: Finding): string {
  if (finding.file === undefined) return finding.location?.replace(/^body\./, "") ?? "";
  return [finding.file, finding.line, finding.column].filter((part) => part !== undefined && part !== 0).join(":");
}

interface Props {
  error: unknown;
  /** What could not be done, in a few words: "The grader was not taken". */
  title?: string;
  /** Tries again, where that can help. */
  retry?: () => void;
}

/** An error in full: what happened and what to do, where in which file, and the id under which the hub's log has it. */
export function ProblemNote({ error, title, retry }: Props) {
  const problem = asProblem(error);
  const findings = problem.findings.filter((finding) => finding.message !== "");
  return (
    <div className={classes.note} data-tone="bad" role="alert">
      {title !== undefined && <strong>{title}</strong>}
      {findings.some((finding) => finding.file !== undefined) ? null : <p>{problem.message}</p>}
      {findings.length > 0 && (
        <ul>
          {findings.map((finding) => (
            <li key={`${place(finding)} ${finding.message}`}>
              <span className="mono">{place(finding)}</span>
              <span>{finding.message}</span>
            </li>
          ))}
        </ul>
      )}
      {problem.requestId !== undefined && (
        <footer>
          Request <span className="mono">{problem.requestId}</span>
        </footer>
      )}
      {retry !== undefined && (
        <Button mt={8} onClick={retry}>
          Try again
        </Button>
      )}
    </div>
  );
}
