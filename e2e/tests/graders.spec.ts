import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "./fixtures";

const example = resolve(import.meta.dirname, "../../examples/fizzbuzz-python");

/** A copy of the example grader's folder, to be changed. */
const withFolder = test.extend<{ folder: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of what a fixture needs
  folder: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), "assay-grader-"));
    await cp(example, folder, { recursive: true });
    await use(folder);
    await rm(folder, { recursive: true });
  },
});

async function change(folder: string, from: string, to: string): Promise<void> {
  const path = join(folder, "grader.yaml");
  const text = await readFile(path, "utf8");
  expect(text).toContain(from);
  await writeFile(path, text.replace(from, to));
}

withFolder(
  "a grader is uploaded, refused with line and column, revised and removed",
  async ({ page, course, folder }) => {
    await page.goto(`/graders?course=${course.slug}`);
    await expect(page.getByText("No graders yet")).toBeVisible();

    // Wrong in two places: both are said, with where they are.
    await change(folder, "  wall: 10s", "  wal: 10s");
    await change(folder, "points: 3", "points: three");
    await page.getByLabel("Folder", { exact: true }).setInputFiles(folder);
    const refused = page.getByRole("alert");
    await expect(refused).toContainText("The grader was not taken");
    await expect(refused).toContainText(/grader\.yaml:12:3/);
    await expect(refused.getByRole("listitem")).toHaveCount(2);
    await expect(page.getByText("No graders yet")).toBeVisible();

    await change(folder, "  wal: 10s", "  wall: 10s");
    await change(folder, "points: three", "points: 3");
    await page.getByLabel("Folder", { exact: true }).setInputFiles(folder);
    await expect(page.getByRole("heading", { name: "Fizzbuzz" })).toBeVisible();
    await expect(page.getByText("revision 1")).toBeVisible();

    await change(folder, "counts to 5", "counts up to 5");
    await page.getByRole("button", { name: "New revision…" }).click();
    await page.getByRole("dialog").getByLabel("Folder", { exact: true }).setInputFiles(folder);
    await expect(page.getByText("revision 2")).toBeVisible();
    await expect(page.getByRole("cell", { name: /counts up to 5/ })).toBeVisible();

    await page.getByRole("button", { name: "Remove…" }).click();
    const remove = page.getByRole("button", { name: "Remove grader" });
    await expect(remove).toBeDisabled();
    await page.getByLabel("Type Fizzbuzz to confirm").fill("Fizzbuzz");
    await remove.click();
    await expect(page.getByText("No graders yet")).toBeVisible();
  },
);

withFolder("what is no grader is refused", async ({ page, course }) => {
  await page.goto(`/graders?course=${course.slug}`);
  await page
    .getByLabel("Files", { exact: true })
    .setInputFiles({ name: "notes.zip", mimeType: "application/zip", buffer: Buffer.from("PK\u0003\u0004 not a zip") });
  await expect(page.getByRole("alert")).toContainText("The grader was not taken");
  await expect(page.getByRole("alert")).toContainText("Request");
});
