import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { html } from "../../../markdown";

const page = new DOMParser().parseFromString(html(readFileSync("../docs/grader-yaml.md", "utf8")), "text/html");

describe("the reference as a page", () => {
  it("has a heading for every link into itself", () => {
    const links = [...page.querySelectorAll("a")].map((a) => a.getAttribute("href") ?? "");
    const inner = links.filter((href) => href.startsWith("#"));
    expect(inner.length).toBeGreaterThan(0);
    for (const href of inner) expect(page.getElementById(href.slice(1)), href).not.toBeNull();
  });
  it("leads nowhere that is not there", () => {
    for (const a of page.querySelectorAll("a")) expect(a.getAttribute("href")).toMatch(/^(#|https:)/);
  });
  it("leaves the first heading to the page around it", () => {
    expect(page.querySelectorAll("h1")).toHaveLength(0);
    expect(page.querySelector("h2")?.textContent).toBe("grader.yaml");
  });
  it("keeps what looks like a tag a text", () => {
    const code = new DOMParser().parseFromString(html("```\na <b> & c\n```\n"), "text/html");
    expect(code.querySelector("pre")?.textContent).toBe("a <b> & c");
  });
});
