// @vitest-environment node
import { describe, expect, it } from "vitest";
import { asProblem, Problem, problemOf } from "./problem";

const problem = {
  title: "Unprocessable Entity",
  status: 422,
  detail: "grader.yaml:4:3: limits has no key wal",
  code: "invalid",
  request_id: "r1",
  errors: [{ file: "grader.yaml", line: 4, column: 3, message: "limits has no key wal" }],
};

describe("problemOf", () => {
  it("reads what the hub says", async () => {
    const read = await problemOf(Response.json(problem, { status: 422 }));
    expect(read).toMatchObject({ message: problem.detail, status: 422, requestId: "r1", findings: problem.errors });
  });

  it.each([
    ["a proxy's page", new Response("<h1>Bad Gateway</h1>", { status: 502, statusText: "Bad Gateway" })],
    ["JSON of something else", Response.json({ error: "x" }, { status: 502, statusText: "Bad Gateway" })],
  ])("makes a sentence of %s", async (_, response) => {
    response.headers.set("X-Request-Id", "r2");
    const read = await problemOf(response);
    expect(read.message).toContain("502 Bad Gateway");
    expect(read.requestId).toBe("r2");
  });
});

describe("asProblem", () => {
  it.each<[string, unknown, string]>([
    ["a problem", new Problem("as it is", 409), "as it is"],
    ["a request that nobody answered", new TypeError("Failed to fetch"), "The hub does not answer"],
    ["another error", new Error("broken"), "broken"],
    ["anything", "thrown text", "thrown text"],
  ])("takes %s", (_, error, said) => expect(asProblem(error).message).toContain(said));
});
