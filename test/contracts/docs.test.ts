// What the docs promise of themselves: generated pages are what the code says, every page can be found, every link leads
// somewhere, and nothing on the site breaks the policy it is served under.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import { type CheckEnv, check, inversesOf, parse, rowTypeOf } from "@landfall/client/cel";
import type { FieldDefinition } from "@landfall/client/wire";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { generatedPages } from "../../docs/generate.ts";
import { buildSite } from "../../docs/site/build.ts";
import { contents } from "../../docs/site/contents.ts";
import { docsFolder, readLibrary } from "../../docs/site/library.ts";
import { errorCatalogue } from "../../server/kernel/errors/index.ts";
import { printedPage } from "../support/printed-page.ts";

const projectRoot = join(docsFolder, "..");
const library = readLibrary();
const byFile = new Map(library.pages.map((page) => [page.file, page]));

describe("generated pages", () => {
  test.each(Object.keys(generatedPages))("docs/%s is what the code says; `npm run docs` writes it", async (page) => {
    const written = readFileSync(join(docsFolder, page), "utf8");
    expect(written).toBe(await generatedPages[page]?.());
  });

  test("every error code has the place that problems point to", () => {
    const anchors = new Set(byFile.get("errors.md")?.headings.map((heading) => heading.id));
    const codes = [...errorCatalogue().keys()];
    expect(codes.length).toBeGreaterThan(40);
    expect(codes.filter((code) => !anchors.has(code))).toEqual([]);
  });
});

describe("pages", () => {
  test("every page stands in the table of contents, and every entry there is a page", () => {
    expect(library.strays).toEqual([]);
    const named = contents.flatMap((chapter) => chapter.pages).filter((entry) => !entry.endsWith("/"));
    expect(named.filter((file) => !byFile.has(file))).toEqual([]);
  });

  test("every page has one title and says what it is about", () => {
    const titles = library.pages.map((page) => page.title);
    expect(new Set(titles).size).toBe(titles.length);
    for (const { file, headings, summary } of library.pages) {
      expect(headings.filter((heading) => heading.depth === 1).length, file).toBe(1);
      expect(summary, file).not.toBe("");
    }
  });

  test.each(["start/ship-an-app.md", "start/manage-data.md", "guides/run-it.md"])(
    "%s has at most ten steps",
    (file) => {
      const steps = printedPage(file).steps.filter((step) => /^\d+\. /.test(step));
      expect(steps.length).toBeGreaterThan(0);
      expect(steps.length).toBeLessThanOrEqual(10);
    },
  );

  /** Addresses of the server that are no pages of ours. */
  const served = ["/console", "/v1/openapi.json", "/docs/reference", "/sdk.tgz"];

  test("every link leads somewhere", () => {
    const dead = library.pages.flatMap(({ file, links }) =>
      links.filter((link) => isDead(file, link)).map((link) => `${file}: ${link}`),
    );
    expect(dead).toEqual([]);
  });

  function isDead(from: string, link: string): boolean {
    if (/^(?:https?|mailto):/.test(link)) return false;
    if (link.startsWith("/")) return !served.includes(link);
    const [path = "", fragment] = link.split("#");
    const file = path === "" ? from : posix.normalize(posix.join(posix.dirname(from), path));
    if (!existsSync(join(docsFolder, file))) return true;
    if (fragment === undefined) return false;
    return !byFile.get(file)?.headings.some((heading) => heading.id === fragment);
  }

  test("every file of the repository that a page names is there", () => {
    const named = /`((?:server|sdk|test|docs|migrations|admin-ui|brand)\/[\w./-]+\.(?:ts|tsx|md|mjs|sql|json|css))`/g;
    const missing = library.pages.flatMap(({ file }) =>
      [...readFileSync(join(docsFolder, file), "utf8").matchAll(named)]
        .map((match) => match[1] as string)
        .filter((path) => !existsSync(join(projectRoot, path)))
        .map((path) => `${file}: ${path}`),
    );
    expect(missing).toEqual([]);
  });
});

test("every file that the map of the code names is there, by the end of its path", () => {
  const sources = ["server", "sdk", "test", "migrations"].flatMap((folder) =>
    readdirSync(join(projectRoot, folder), { recursive: true, encoding: "utf8" }).map((file) => `/${folder}/${file}`),
  );
  const named = readFileSync(join(docsFolder, "architecture.md"), "utf8").matchAll(/`((?:[\w-]+\/)*[\w-]+\.ts)`/g);
  const files = [...named].map((match) => match[1] as string);
  expect(files.length).toBeGreaterThan(25);
  expect(files.filter((file) => !sources.some((source) => source.endsWith(`/${file}`)))).toEqual([]);
});

describe("expressions", () => {
  const definitions = printedPage("guides/collections.md")
    .blocks.filter(({ notes }) => notes.some((note) => note.startsWith("file=")))
    .map(({ text }) => JSON.parse(text) as { name: string; fields: FieldDefinition[] });
  const members = { name: "members", fields: [{ name: "user", type: "relation", collection: "users" }] as const };
  const all = [...definitions, members];
  const inverses = inversesOf(all);
  const rowTypes = new Map(all.map((one) => [one.name, rowTypeOf(one, inverses.get(one.name))]));

  const rules = library.pages.flatMap(({ file }) =>
    printedPage(file).blocks.flatMap(({ notes, text }) =>
      notes.filter((note) => note.startsWith("rule=")).map((note) => [file, note.slice("rule=".length), text] as const),
    ),
  );
  test("there are rules to check", () => expect(rules.length).toBeGreaterThan(7));
  test.each(rules)("%s: the server would take this as %s: %s", (_file, place, text) => {
    const row = rowTypes.get(place.split(".")[0] as string);
    if (!row) throw new Error(`guides/collections.md has no collection for ${place}.`);
    const env: CheckEnv = { mode: "rule", row, collections: (name) => rowTypes.get(name) };
    const before = place.endsWith(".update");
    expect(() => check(parse(text), { ...env, before })).not.toThrow();
  });

  test("what the pages for those who come from elsewhere translate to is ours", () => {
    const row = rowTypes.get("posts");
    if (!row) throw new Error("There are no posts.");
    const section = readFileSync(join(docsFolder, "coming-from/pocketbase.md"), "utf8")
      .split("## Expressions")[1]
      ?.split("\n## ")[0];
    const ours = [...(section ?? "").matchAll(/^\| `[^|]*` (?:[^|]*)\| `([^`]+)`/gm)].map(
      (match) => match[1] as string,
    );
    expect(ours.length).toBeGreaterThan(9);
    const env: CheckEnv = { mode: "rule", row, collections: (name) => rowTypes.get(name) };
    const bound = (text: string) => text.replace("geo(lat, lng)", "geo(54.3, 10.1)");
    const refused = ours.filter((text) => !accepted(bound(text), { ...env, before: true }));
    // Names alone are no conditions.
    expect(refused).toEqual(["auth.id", "now"]);
  });

  function accepted(text: string, env: CheckEnv): boolean {
    try {
      check(parse(text), env);
      return true;
    } catch {
      return false;
    }
  }

  test("every code that the guides name is one", () => {
    const codes = new Set([...errorCatalogue().keys(), "network_error"]);
    for (const file of ["guides/writes.md", "guides/handling-errors.md"]) {
      const named = [...readFileSync(join(docsFolder, file), "utf8").matchAll(/`([a-z]+(?:_[a-z]+)+)`/g)];
      expect(named.length).toBeGreaterThan(2);
      expect(
        named.map((match) => match[1]).filter((code) => !codes.has(code as string)),
        file,
      ).toEqual([]);
    }
  });
});

describe("the built site", () => {
  const target = mkdtempSync(join(tmpdir(), "lf-docs-"));
  let files: ReadonlySet<string> = new Set();
  const read = (file: string) => readFileSync(join(target, file), "utf8");

  beforeAll(async () => {
    await buildSite(target);
    files = new Set(readdirSync(target, { recursive: true, encoding: "utf8" }));
  }, 60_000);
  afterAll(() => rmSync(target, { recursive: true, force: true }));

  test("holds nothing inline and nothing from elsewhere", () => {
    const pages = [...files].filter((file) => file.endsWith(".html"));
    expect(pages.length).toBe(library.pages.length + 1);
    expect(pages).toContain("not-found.html");
    for (const file of pages) {
      const html = read(file);
      expect(html.match(/<script(?![^>]* src="\/docs\/)[^>]*>/g), file).toBeNull();
      expect(html.match(/<style|<[^>]+ (?:style|on[a-z]+)=/g), file).toBeNull();
      expect(html.match(/(?:src|srcset)="(?!\/docs\/)[^"]*"|<link[^>]* href="(?!\/docs\/)[^"]*"/g), file).toBeNull();
    }
  });

  test("every address inside it is answered by a file, and every anchor by an element", () => {
    const missing: string[] = [];
    for (const file of [...files].filter((name) => name.endsWith(".html"))) {
      for (const [, href = ""] of read(file).matchAll(/ (?:href|src|data-search)="([^"]*)"/g)) {
        const [path = "", fragment] = href.split("#");
        if (path !== "" && (!path.startsWith("/docs") || path === "/docs/reference")) continue;
        const own = path === "" ? file : fileOf(path);
        if (own === undefined) missing.push(`${file}: ${href}`);
        else if (fragment && !read(own).includes(` id="${fragment}"`)) missing.push(`${file}: ${href}`);
      }
    }
    expect(missing).toEqual([]);
  });

  /** As the server finds it. */
  function fileOf(path: string): string | undefined {
    const name = path === "/docs" ? "index.html" : path.slice("/docs/".length);
    return [name, `${name}.html`, `${name}/index.html`].find((candidate) => files.has(candidate));
  }
});
