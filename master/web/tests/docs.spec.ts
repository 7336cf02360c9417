// The API's description at /docs: under its policy, from this master alone, and of every route.

import { readFileSync } from "node:fs";

import { expect, expectNoOverflow, picture, test } from "./support/fixtures";

const document = JSON.parse(readFileSync(new URL("../openapi.json", import.meta.url), "utf8")) as {
  paths: Record<string, Record<string, unknown>>;
};
const METHODS = ["get", "post", "put", "patch", "delete"];
const routes = Object.values(document.paths).flatMap((path) => METHODS.filter((method) => method in path)).length;

test("every route of the API is described, and the page asks nobody else", async ({ page, baseURL }) => {
  const elsewhere: string[] = [];
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(`${baseURL}/`) && !url.startsWith("data:")) elsewhere.push(url);
  });
  const answer = await page.goto("/docs");
  expect(answer?.headers()["content-security-policy"]).toContain("default-src 'none'");
  await expect(page.getByRole("heading", { name: /Neon master/ })).toBeVisible();
  await expect(page.locator(".opblock")).toHaveCount(routes);
  await picture(page, "docs");

  const health = page.locator(".opblock", { hasText: "/healthz" });
  await health.getByRole("button", { name: /healthz/ }).first().click();
  await health.getByRole("button", { name: "Try it out" }).click();
  await health.getByRole("button", { name: "Execute" }).click();
  await expect(health.locator(".live-responses-table tr.response .response-col_status")).toContainText("200");
  expect(elsewhere).toEqual([]);
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 } });

  test("it fits", async ({ page }) => {
    await page.goto("/docs");
    await expect(page.getByRole("heading", { name: /Neon master/ })).toBeVisible();
    await expectNoOverflow(page);
  });
});
