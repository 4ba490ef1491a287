import { exampleGrader, expect, signIn, test } from "./fixtures";

test("a token's secret is shown once and works until revoked", async ({ page, playwright, hub }) => {
  await page.goto("/settings?tab=tokens");
  await page.getByLabel("What it is for").fill("moodle");
  await page.getByRole("button", { name: "Make token" }).click();
  const secret = (await page.getByRole("dialog").locator("code").textContent()) ?? "";
  expect(secret.length).toBeGreaterThan(20);
  await page.keyboard.press("Escape");
  await expect(page.getByText(secret)).toHaveCount(0);

  const program = await playwright.request.newContext({
    baseURL: hub.url,
    extraHTTPHeaders: { Authorization: `Bearer ${secret}` },
  });
  expect((await program.get("/api/v1/jobs")).status()).toBe(200);

  await page.getByRole("button", { name: "Revoke moodle" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await expect(page.getByRole("button", { name: "Revoke moodle" })).toHaveCount(0);
  expect((await program.get("/api/v1/jobs")).status()).toBe(401);
  await program.dispose();
});

test("an instructor sees the own course alone", async ({ page, admin, course, browser, hub }) => {
  const grace = { name: `grace-${course.slug}`, password: "a second stone" };
  await page.goto("/settings?tab=users");
  await page.getByLabel("Name").fill(grace.name);
  await page.getByRole("textbox", { name: "First password" }).fill(grace.password);
  await page.getByRole("button", { name: "Make user" }).click();
  await expect(page.getByRole("cell", { name: grace.name, exact: true })).toBeVisible();

  await page.getByRole("tab", { name: "Courses" }).click();
  const members = page.getByRole("region", { name: course.title });
  await members.getByLabel(`Add an instructor to ${course.slug}`).fill("nobody at all");
  await members.getByRole("button", { name: "Add" }).click();
  await expect(members.getByRole("alert")).toBeVisible();
  await members.getByLabel(`Add an instructor to ${course.slug}`).fill(grace.name);
  await members.getByRole("button", { name: "Add" }).click();
  await expect(members.getByRole("cell", { name: grace.name, exact: true })).toBeVisible();

  const theirs = await browser.newContext({ baseURL: hub.url });
  const other = await theirs.newPage();
  await signIn(other.request, grace);
  await other.goto("/graders");
  await expect(other.getByText("No graders yet")).toBeVisible();
  await other.goto(`/graders/${await exampleGrader(admin, "Fizzbuzz")}`);
  await expect(other.getByText("There is nothing at this address")).toBeVisible();
  await other.goto("/settings?tab=courses");
  await expect(other.getByRole("heading", { name: course.title })).toBeVisible();
  await expect(other.getByText("Example course")).toHaveCount(0);
  await expect(other.getByRole("tab", { name: "Users" })).toHaveCount(0);
  await theirs.close();
});

test("the own password is changed", async ({ page, admin, browser, hub, course }) => {
  const grace = { name: `own-${course.slug}`, password: "a second stone" };
  expect((await admin.post("/api/v1/users", { data: grace })).status()).toBe(201);
  const theirs = await browser.newContext({ baseURL: hub.url });
  const other = await theirs.newPage();
  await signIn(other.request, grace);
  await other.goto("/settings");
  await other.getByRole("textbox", { name: "Current password" }).fill("not the one");
  await other.getByRole("textbox", { name: "New password" }).fill("a third stone");
  await other.getByRole("button", { name: "Change password" }).click();
  await expect(other.getByRole("alert")).toContainText("The password was not changed");
  await other.getByRole("textbox", { name: "Current password" }).fill(grace.password);
  await other.getByRole("button", { name: "Change password" }).click();
  await expect(other.getByText("The password is changed.")).toBeVisible();
  await signIn(page.request, { name: grace.name, password: "a third stone" });
  await theirs.close();
});

test("an administrator renames a course and gives somebody a new password", async ({ page, admin, course }) => {
  const grace = { name: `lost-${course.slug}`, password: "a second stone" };
  expect((await admin.post("/api/v1/users", { data: grace })).status()).toBe(201);

  await page.goto("/settings?tab=courses");
  await page.getByRole("button", { name: `Rename ${course.title}` }).click();
  await page.getByLabel("Title").last().fill(`${course.slug} anew`);
  await page.getByRole("dialog").getByRole("button", { name: "Rename" }).click();
  await expect(page.getByRole("heading", { name: `${course.slug} anew` })).toBeVisible();

  await page.getByRole("tab", { name: "Users" }).click();
  await page.getByRole("button", { name: `Reset the password of ${grace.name}` }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "New password" }).fill("a third stone");
  await dialog.getByRole("button", { name: "Change password" }).click();
  await expect(dialog.getByText("The password is changed.")).toBeVisible();
  await dialog.getByRole("button", { name: "Done" }).click();
  await signIn(page.request, { name: grace.name, password: "a third stone" });
});
