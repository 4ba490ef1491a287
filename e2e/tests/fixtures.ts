import { type APIRequestContext, test as base, expect, type Page } from "@playwright/test";
import { type Hub, startHub } from "./hub";

export const administrator = { name: "ada", password: "a touchstone" };

interface Course {
  id: string;
  slug: string;
  title: string;
}

interface Fixtures {
  /** A page on which the administrator is signed in. */
  page: Page;
  /** The API as the administrator. */
  admin: APIRequestContext;
  /** A course that only this test uses. */
  course: Course;
}

/** Each worker has one hub; tests keep apart by courses of their own. */
export const test = base.extend<Fixtures, { hub: Hub }>({
  hub: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of what a fixture needs
    async ({}, use) => {
      const hub = await startHub();
      const token = new URL(hub.setupLink).searchParams.get("token");
      const made = await fetch(`${hub.url}/api/v1/setup`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ token, ...administrator }),
      });
      expect(made.status, await made.text()).toBe(200);
      await use(hub);
      await hub.stop();
    },
    { scope: "worker" },
  ],
  baseURL: async ({ hub }, use) => use(hub.url),
  page: async ({ page }, use) => {
    await signIn(page.request, administrator);
    await use(page);
  },
  admin: async ({ page }, use) => use(page.request),
  course: async ({ admin }, use, info) => {
    const slug = `c-${info.testId.slice(-12)}-${info.retry}`.toLowerCase();
    const made = await admin.post("/api/v1/courses", { data: { slug, title: info.title.slice(0, 60) } });
    expect(made.status(), await made.text()).toBe(201);
    await use((await made.json()) as Course);
  },
});

export { expect };

/** Signs in over the API; the cookie serves the page as well. */
export async function signIn(request: APIRequestContext, user: { name: string; password: string }): Promise<void> {
  const answer = await request.post("/api/v1/session", { data: user });
  expect(answer.status(), await answer.text()).toBe(200);
}

/** The id of a grader of the example course, by its name in grader.yaml. */
export async function exampleGrader(request: APIRequestContext, name: string): Promise<string> {
  const answer = await request.get("/api/v1/graders");
  const { items } = (await answer.json()) as { items: { id: string; name: string }[] };
  const found = items.find((grader) => grader.name === name);
  if (found === undefined) throw new Error(`no grader ${name} among ${items.map((grader) => grader.name).join(", ")}`);
  return found.id;
}

/** Submits a sample of a grader; its job's id. */
export async function submitSample(request: APIRequestContext, grader: string, sample: string): Promise<string> {
  const answer = await request.post("/api/v1/jobs", { multipart: { grader, sample } });
  expect(answer.status(), await answer.text()).toBe(201);
  return ((await answer.json()) as { id: string }).id;
}

/** Waits until a job has ended, by asking. */
export async function jobEnded(request: APIRequestContext, id: string): Promise<void> {
  await expect
    .poll(
      async () => ((await (await request.get(`/api/v1/jobs/${id}`)).json()) as { job: { state: string } }).job.state,
      {
        timeout: 60_000,
      },
    )
    .toMatch(/done|failed|cancelled/);
}

/** Marks the page, so that a reload shows. */
export async function mark(page: Page): Promise<void> {
  await page.evaluate(() => Object.assign(window, { marked: true }));
}

export async function expectNoReload(page: Page): Promise<void> {
  expect(await page.evaluate(() => "marked" in window)).toBe(true);
}
