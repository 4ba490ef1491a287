import { resolve } from "node:path";
import { exampleGrader, expect, jobEnded, submitSample, test } from "./fixtures";

const submissions = resolve(import.meta.dirname, "../../examples/fizzbuzz-python/submissions");

test("a job shows what was expected beside what came", async ({ page, admin }) => {
  const grader = await exampleGrader(admin, "Fizzbuzz");
  const job = await submitSample(admin, grader, "partly-wrong");
  await page.goto(`/jobs/${job}`);
  await expect(page.getByRole("region", { name: "Result" })).toContainText("partial");

  const failed = page.locator("[data-test]").filter({ hasText: "failed" }).first();
  await failed.click();
  const diff = page.getByRole("region", { name: "Expected beside output" });
  await expect(diff).toBeVisible();
  await expect(diff.locator("mark").first()).toBeVisible();
  await expect(page.getByRole("region", { name: "Standard input" })).toBeVisible();
  // The opened test is part of the address.
  await page.reload();
  await expect(diff).toBeVisible();

  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download submission" }).click();
  expect((await download).suggestedFilename()).toMatch(/\.tar\.gz$/);
});

test("an endless job is cancelled while it runs, and run again", async ({ page, admin }) => {
  const grader = await exampleGrader(admin, "Fizzbuzz");
  const job = await submitSample(admin, grader, "endless");
  await page.goto(`/jobs/${job}`);
  await expect(page.locator("[data-test]").filter({ hasText: "running" })).toBeVisible({ timeout: 60_000 });
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByRole("region", { name: "Result" })).toContainText("cancelled");

  await page.getByRole("button", { name: "Run again" }).click();
  await expect(page).not.toHaveURL(new RegExp(job));
  await expect(page.getByRole("region", { name: "Result" })).toContainText("timeout", { timeout: 60_000 });
});

test("a submission of one's own is graded with the priority asked for", async ({ page, admin }) => {
  const grader = await exampleGrader(admin, "Fizzbuzz");
  await page.goto(`/graders/${grader}`);
  await page.getByText("High", { exact: true }).click();
  await page.getByLabel("Folder", { exact: true }).setInputFiles(resolve(submissions, "correct"));
  const result = page.getByRole("region", { name: "Result" });
  await expect(result).toContainText("passed");
  await expect(result).toContainText("high priority");
});

test("a list's filters are in its address", async ({ page, admin }) => {
  const grader = await exampleGrader(admin, "Fizzbuzz");
  const passed = await submitSample(admin, grader, "correct");
  const failed = await submitSample(admin, grader, "crashing");
  await Promise.all([jobEnded(admin, passed), jobEnded(admin, failed)]);

  await page.goto("/jobs");
  await expect(page.locator(`tr[data-job="${failed}"]`)).toBeVisible();
  await page.getByRole("combobox", { name: "Verdict" }).click();
  await page.getByRole("option", { name: "passed" }).click();
  await expect(page.locator(`tr[data-job="${failed}"]`)).toBeHidden();
  await expect(page.locator(`tr[data-job="${passed}"]`)).toBeVisible();
  await expect(page).toHaveURL(/verdict=passed/);

  // "/" goes to the filter, Escape empties it.
  await page.keyboard.press("/");
  await page.keyboard.type("no such label");
  await expect(page.getByText("No job matches")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.locator(`tr[data-job="${passed}"]`)).toBeVisible();
});
