import { administrator, expect, test } from "./fixtures";

test("a wrong password is refused in words, the right one leads where one wanted to go", async ({ browser, hub }) => {
  const page = await browser.newPage({ baseURL: hub.url });
  await page.goto("/settings?tab=tokens");
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await page.getByLabel("Name").fill(administrator.name);
  const password = page.getByRole("textbox", { name: "Password" });
  await password.fill("a wrong password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toContainText("Request");
  await expect(page.getByRole("alert")).toContainText(/password/i);

  await password.fill(administrator.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(/\/settings\?tab=tokens/);
  await expect(page.getByRole("heading", { name: "Settings" })).toBeVisible();

  await page.getByRole("button", { name: administrator.name }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await page.goto("/jobs");
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await page.close();
});

test("the set-up link works once", async ({ page, hub }) => {
  await page.goto(hub.setupLink);
  await expect(page.getByRole("heading", { name: "Already set up" })).toBeVisible();
});

test("an address that does not exist says so", async ({ page }) => {
  await page.goto("/jobs/01h00000000000000000000000");
  await expect(page.getByText("There is nothing at this address")).toBeVisible();
  await page.goto("/nowhere");
  await expect(page.getByText("There is nothing at this address")).toBeVisible();
});
