import type { Finding, ProblemBody } from "./types";

/** An error in words for people: what happened and what to do; with the request's id when a request failed. */
export class Problem extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly requestId?: string,
    readonly findings: Finding[] = [],
  ) {
    super(message);
    this.name = "Problem";
  }
}

/** Reads problem+json; what stands between us and the hub (a proxy) may answer otherwise. */
export async function problemOf(response: Response): Promise<Problem> {
  const id = response.headers.get("X-Request-Id") ?? undefined;
  try {
    const body = (await response.json()) as Partial<ProblemBody>;
    if (typeof body.detail === "string") {
      return new Problem(body.detail, response.status, body.request_id ?? id, body.errors ?? []);
    }
  } catch {
    // Not JSON: said below.
  }
  const what = `${response.status} ${response.statusText}`.trim();
  return new Problem(`The hub answered with ${what} and no explanation; try again.`, response.status, id);
}

/** Any error, as a Problem. fetch says TypeError when nobody answers. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof TypeError) {
    return new Problem("The hub does not answer. Check that it runs and that you are online, then try again.", 0);
  }
  return new Problem(error instanceof Error ? error.message : String(error), 0);
}
