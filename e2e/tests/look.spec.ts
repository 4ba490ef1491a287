import AxeBuilder from "@axe-core/playwright";
import { exampleGrader, expect, jobEnded, submitSample, test } from "./fixtures";

// Every page in both colours and at both widths: no accessibility violation, nothing wider than the screen, no error
// on the console.
for (const colorScheme of ["light", "dark"] as const) {
  for (const viewport of [
    { width: 1280, height: 800 },
    { width: 390, height: 844 },
  ]) {
    test.describe(`${colorScheme}, ${viewport.width} px`, () => {
      test.use({ colorScheme, viewport });
      test("every page is accessible and fits", async ({ page, admin, course, browser, hub }) => {
        test.setTimeout(300_000);
        const grader = await exampleGrader(admin, "Fizzbuzz");
        const job = await submitSample(admin, grader, "partly-wrong");
        await jobEnded(admin, job);
        const dockerfile = "FROM debian:bookworm\nRUN false\n";
        const made = await admin.post("/api/v1/images", { data: { course: course.id, name: "tools", dockerfile } });
        const image = ((await made.json()) as { id: string }).id;
        await admin.post(`/api/v1/images/${image}/builds`);

        const pages: [string, string][] = [
          ["/live", "Live"],
          ["/jobs", "Jobs"],
          [`/jobs/${job}?test=counts+to+15`, "partly-wrong"],
          ["/graders", "Graders"],
          [`/graders/${grader}`, "Fizzbuzz"],
          [`/graders/${grader}?tab=files`, "Fizzbuzz"],
          ["/images", "Images"],
          [`/images?course=${course.slug}`, "Images"],
          [`/images/${image}`, "tools"],
          [`/images/${image}?tab=revisions`, "tools"],
          ["/settings", "Settings"],
          ["/settings?tab=tokens", "Settings"],
          ["/settings?tab=courses", "Settings"],
          ["/settings?tab=users", "Settings"],
          ["/help", "Help"],
          ["/help?tab=reference", "Help"],
          ["/help?tab=keys", "Help"],
          ["/nowhere", "Not found"],
        ];
        const errors: string[] = [];
        page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
        page.on("pageerror", (error) => errors.push(error.message));
        for (const [path, title] of pages) {
          await page.goto(path);
          await expect(page.getByRole("heading", { level: 1 })).toHaveText(title);
          await page.evaluate(() => document.fonts.ready);
          await look(page, path);
        }
        expect(errors).toEqual([]);

        const stranger = await browser.newContext({ baseURL: hub.url, colorScheme, viewport });
        const door = await stranger.newPage();
        for (const path of ["/sign-in", "/setup"]) {
          await door.goto(path);
          await expect(door.getByRole("heading", { level: 1 })).toBeVisible();
          await look(door, path);
        }
        await stranger.close();
      });
    });
  }
}

async function look(page: import("@playwright/test").Page, path: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"])
    .analyze();
  const said = violations.map(
    (v) => `${v.id}: ${v.nodes.map((n) => `${n.target.join(" ")} (${n.failureSummary})`).join("; ")}`,
  );
  expect.soft(said, path).toEqual([]);
  const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect.soft(tooWide, `${path} is wider than the screen`).toBeLessThanOrEqual(0);
}
