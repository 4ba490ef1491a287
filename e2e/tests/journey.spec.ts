import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { expect, type Page, test } from "@playwright/test";
import { expectNoReload, mark } from "./fixtures";
import { type Hub, startHub } from "./hub";

const shots = resolve(import.meta.dirname, "../../docs/screenshots");

/** Takes a screenshot that the documentation shows, when asked to. */
async function shoot(page: Page, name: string): Promise<void> {
  if (!process.env.UPDATE_SCREENSHOTS) return;
  await mkdir(shots, { recursive: true });
  await page.screenshot({ path: `${shots}/${name}.png` });
}

test.describe("from the set-up link to a graded submission", () => {
  let hub: Hub;
  test.beforeEach(async () => {
    hub = await startHub();
  });
  test.afterEach(() => hub.stop());

  test("a newcomer makes the administrator, runs the example and sees it live", async ({ page }) => {
    test.setTimeout(240_000);

    await page.goto(hub.setupLink);
    await page.getByLabel("Name").fill("ada");
    await page.getByRole("textbox", { name: "Password" }).fill("a touchstone");
    await page.getByRole("button", { name: "Make the administrator" }).click();

    // The example course is there, with its graders.
    await expect(page.getByRole("heading", { name: "Graders" })).toBeVisible();
    await page.getByRole("combobox", { name: "Course" }).click();
    await page.getByRole("option", { name: "Example course" }).click();
    await page.getByRole("link", { name: "Fizzbuzz" }).click();
    await expect(page.getByRole("heading", { name: "Fizzbuzz" })).toBeVisible();
    await shoot(page, "grader");
    await mark(page);

    // The one that never ends runs until its limits: time to see it on Live.
    await page.getByRole("button", { name: "Run endless" }).click();
    await expect(page.getByRole("region", { name: "Result" })).toBeVisible();
    await page.getByRole("link", { name: "Live" }).click();
    const row = page.getByRole("row").filter({ hasText: "Fizzbuzz" }).filter({ hasText: "endless" });
    await expect(row).toBeVisible({ timeout: 120_000 });
    await expect(row).toContainText(/\d+\.\d\d of [\d.]+ cores?/);
    await expect(row).toContainText(/[\d.]+ of \d+ MiB/);
    await expect(row.getByRole("meter", { name: "CPU" })).not.toHaveAttribute("aria-valuenow", "0");
    await expect(row).toContainText("./Dockerfile");
    await page.getByRole("button", { name: "Memory" }).click();
    await expect(page.getByRole("columnheader", { name: "Memory" })).toHaveAttribute("aria-sort", "descending");
    await expect(page).toHaveURL(/sort=-memory/);
    await page.getByRole("button", { name: "Memory" }).click();
    await page.getByRole("button", { name: "Memory" }).click();
    await expect(page).not.toHaveURL(/sort=/);
    await page.getByRole("heading", { name: "Live" }).hover();
    // By its fourth test there is something to see of the last seconds.
    await expect(row).toContainText("refuses what is no number", { timeout: 60_000 });
    await shoot(page, "live");

    // Its result appears among the jobs.
    await page.getByRole("link", { name: "Jobs" }).click();
    const job = page.getByRole("row").filter({ hasText: "endless" });
    await expect(job).toContainText("timeout", { timeout: 60_000 });
    await expect(job).toContainText("0 of 10");

    await page.getByRole("link", { name: "Graders" }).click();
    await page.getByRole("link", { name: "Fizzbuzz" }).click();
    await page.getByRole("button", { name: "Run correct" }).click();
    const result = page.getByRole("region", { name: "Result" });
    await expect(result).toContainText("passed");
    await expect(result).toContainText("10 of 10 points");
    await expect(page.getByRole("region", { name: "Timeline" })).toContainText("sandbox");

    await page.getByRole("link", { name: "Jobs" }).first().click();
    await expect(page.getByRole("row").filter({ hasText: "correct" })).toContainText("passed");
    await expectNoReload(page);
    await shoot(page, "jobs");

    await page.getByRole("link", { name: "Graders" }).click();
    await page.getByRole("link", { name: "Fizzbuzz" }).click();
    await page.getByRole("button", { name: "Run partly-wrong" }).click();
    await expect(result).toContainText("partial");
    await page.locator("[data-test]").filter({ hasText: "failed" }).first().click();
    await expect(page.getByRole("region", { name: "Expected beside output" })).toBeVisible();
    await shoot(page, "job");
  });

  test("a hub that is away is said to be, and comes back by itself", async ({ page }) => {
    test.setTimeout(180_000);
    await page.goto(hub.setupLink);
    await page.getByLabel("Name").fill("ada");
    await page.getByRole("textbox", { name: "Password" }).fill("a touchstone");
    await page.getByRole("button", { name: "Make the administrator" }).click();
    await page.getByRole("link", { name: "Live" }).click();
    await expect(page.getByRole("region", { name: /^Worker/ })).toBeVisible();
    await expect(page.getByText("Nothing is running")).toBeVisible();
    await mark(page);

    await hub.halt();
    const lost = page.getByText("Connection to the hub lost.");
    await expect(lost).toBeVisible();
    // What was known stays.
    await expect(page.getByRole("region", { name: /^Worker/ })).toBeVisible();

    await hub.resume();
    await expect(lost).toBeHidden({ timeout: 60_000 });
    await expectNoReload(page);
  });
});
