import { type APIRequestContext, expect as expectAnswer } from "@playwright/test";
import { expect, test } from "./fixtures";

async function makeImage(request: APIRequestContext, course: string, dockerfile: string): Promise<string> {
  const made = await request.post("/api/v1/images", { data: { course, name: "tools", dockerfile } });
  expectAnswer(made.status(), await made.text()).toBe(201);
  return ((await made.json()) as { id: string }).id;
}

test("an image is made, edited, saved and built, and the failing line is marked", async ({ page, course }) => {
  await page.goto(`/images?course=${course.slug}`);
  await expect(page.getByText("No images yet")).toBeVisible();
  await page.getByRole("button", { name: "New image…" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("tools");
  await page.getByRole("button", { name: "Make image" }).click();

  const editor = page.getByRole("textbox", { name: "Dockerfile" });
  await editor.click();
  await page.keyboard.press("Control+a");
  const unique = `${Date.now()}`;
  await page.keyboard.insertText(
    `FROM debian:bookworm\n\nRUN echo made at ${unique}\nRUN echo ${unique} >&2; exit 7\n`,
  );
  await expect(page.getByText("not saved")).toBeVisible();
  await page.keyboard.press("Control+s");
  await expect(page.getByText("revision 2 · saved")).toBeVisible();

  await page.keyboard.press("Control+Enter");
  const build = page.getByRole("region", { name: "Build", exact: true });
  await expect(build).toContainText("failed", { timeout: 60_000 });
  await expect(build.getByRole("img", { name: "failed" })).toBeVisible();
  await expect(build).toContainText(unique);
  await expect(page.locator(".cm-failed")).toHaveText(/exit 7/);

  // A step leads to its line.
  await build.getByRole("button", { name: "line 3" }).click();
  await expect(page.locator(".cm-activeLine")).toHaveText(/made at/);

  // Mended, it builds; the mark goes.
  await editor.click();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText(`FROM debian:bookworm\nRUN echo mended ${unique}\n`);
  await page.keyboard.press("Control+Enter");
  await expect(page.getByText("revision 3 · saved")).toBeVisible();
  await expect(build).toHaveAttribute("data-build", "done", { timeout: 60_000 });
  await expect(page.locator(".cm-failed")).toHaveCount(0);

  await page.getByRole("tab", { name: /Builds/ }).click();
  await expect(page.getByRole("row").filter({ hasText: "Revision 3" })).toContainText("done");
  await expect(page.getByRole("row").filter({ hasText: "Revision 2" })).toContainText("failed");
});

test("steps and their output show while a build runs, and it can be cancelled", async ({ page, admin, course }) => {
  const unique = `${Date.now()}`;
  const image = await makeImage(admin, course.id, `FROM debian:bookworm\nRUN echo begun ${unique}; sleep 300\n`);
  await page.goto(`/images/${image}`);
  await page.getByRole("button", { name: /^Build/ }).click();
  const build = page.getByRole("region", { name: "Build", exact: true });
  await expect(build.getByRole("img", { name: "running" })).toBeVisible({ timeout: 60_000 });
  await expect(build.getByRole("region", { name: "Output" })).toContainText(`begun ${unique}`);
  // It survives a reload.
  await page.reload();
  await expect(build.getByRole("region", { name: "Output" })).toContainText(`begun ${unique}`);
  await build.getByRole("button", { name: "Cancel" }).click();
  await expect(build).toHaveAttribute("data-build", "cancelled", { timeout: 60_000 });
});

test("who saves over somebody else's revision sees both and chooses", async ({ page, admin, course }) => {
  const image = await makeImage(admin, course.id, "FROM debian:bookworm\n");
  await page.goto(`/images/${image}`);
  const editor = page.getByRole("textbox", { name: "Dockerfile" });
  await editor.click();
  await page.keyboard.press("Control+End");
  await page.keyboard.insertText("ENV MINE=1\n");
  const theirs = await admin.put(`/api/v1/images/${image}`, {
    data: { base_revision: 1, dockerfile: "FROM debian:bookworm\nENV THEIRS=1\n" },
  });
  expect(theirs.status()).toBe(200);

  await page.keyboard.press("Control+s");
  const conflict = page.getByRole("dialog", { name: "Somebody else saved meanwhile" });
  await expect(conflict).toContainText("THEIRS");
  await expect(conflict).toContainText("MINE");
  await conflict.getByRole("button", { name: "Save mine as revision 3" }).click();
  await expect(page.getByText("revision 3 · saved")).toBeVisible();
  await expect(editor).toContainText("MINE");
});
