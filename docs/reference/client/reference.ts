// The reference: reads the OpenAPI document of the server it came from, lists its operations and shows one at a time. The
// address after `#` names the operation, so that links and the browser's own history work.
import "../../site/client/fonts.css";
import "../../../brand/tokens.css";
import "../../site/client/site.css";
import "./reference.css";
import "../../../brand/favicon.svg?url";
import { startScheme } from "../../site/client/scheme.ts";
import { type Credential, credentialForm, headersOf, nobody } from "./credential.ts";
import { type ApiDocument, type Operation, readDocument } from "./document.ts";
import { h, prose } from "./dom.ts";
import { operationView } from "./operation-view.ts";

const side = document.querySelector("#pages") as HTMLElement;
const main = document.querySelector("#content") as HTMLElement;
const article = document.querySelector("article") as HTMLElement;

let api: ApiDocument | undefined;
let credential: Credential = nobody;

/** Undefined when it worked, else what to tell the reader. */
async function load(chosen: Credential): Promise<string | undefined> {
  const response = await fetch("/v1/openapi.json", { headers: headersOf(chosen) }).catch(() => undefined);
  if (!response) return "The server cannot be reached.";
  if (!response.ok) {
    const problem = (await response.json().catch(() => ({}))) as { detail?: string; advice?: string };
    return `${problem.detail ?? "The server refused."} ${problem.advice ?? ""}`.trim();
  }
  api = readDocument(await response.json());
  credential = chosen;
  listOperations(api);
  return undefined;
}

const filter = h("input", { type: "search", id: "filter", autocomplete: "off", input: () => api && listMatches(api) });
const matches = h("div");
const count = h("p", { role: "status", class: "count" });

function listOperations(document: ApiDocument): void {
  side.replaceChildren(
    h("div", { class: "find" }, h("label", { for: "filter" }, "Find an operation"), filter, count),
    h("a", { href: "#" }, "Overview"),
    matches,
  );
  listMatches(document);
}

/** All words must occur somewhere in its name, summary, path or chapter. */
function listMatches({ tags, operations }: ApiDocument): void {
  const words = filter.value
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  const found = operations.filter(({ id, summary, method, path, tag }) => {
    const text = `${id} ${summary} ${method} ${path} ${tag}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const chapters = tags.flatMap(({ name }) => {
    const own = found.filter(({ tag }) => tag === name);
    return own.length === 0 ? [] : [h("h2", {}, name), h("ul", {}, ...own.map(link))];
  });
  matches.replaceChildren(...chapters);
  count.textContent = words.length === 0 ? "" : `${found.length} of ${operations.length}`;
  markCurrent();
}

function link({ id, summary, method, tag }: Operation): HTMLElement {
  const text = summary.endsWith(`: ${tag}`) ? summary.slice(0, -tag.length - 2) : summary;
  const verb = h("span", { class: `method ${method.toLowerCase()}` }, method);
  return h("li", {}, h("a", { href: `#${id}` }, verb, " ", h("span", {}, text)));
}

const wanted = (): string => decodeURIComponent(location.hash.slice(1));

function markCurrent(): void {
  for (const one of side.querySelectorAll("a")) {
    if (one.hash === location.hash && location.hash !== "") one.setAttribute("aria-current", "page");
    else one.removeAttribute("aria-current");
  }
}

function show(): void {
  if (!api) return;
  const operation = api.operations.find(({ id }) => id === wanted());
  article.replaceChildren(...(operation ? operationView(operation, api, () => credential) : overview(api)));
  document.title = `${operation?.summary ?? "HTTP API"} · Landfall docs`;
  markCurrent();
}

function overview({ version, description, tags, operations }: ApiDocument): HTMLElement[] {
  const sees = operations.some(({ path }) => /^\/v1\/collections\/[^{/]+\/records/.test(path));
  const told = sees
    ? "The list holds this server's own operations and those of its collections."
    : "The list holds this server's own operations. As an admin, or with a key that has the scope schema:read, it also holds those of the collections.";
  return [
    h("h1", {}, "HTTP API"),
    ...prose(description),
    h(
      "p",
      {},
      `Version ${version}. The document itself, for generators: `,
      h("a", { href: "/v1/openapi.json" }, "/v1/openapi.json"),
      ".",
    ),
    h("h2", {}, "Who is asking"),
    h("p", {}, told, " What is tried here is asked as whoever is chosen."),
    credentialForm(credential, async (chosen) => {
      const wrong = await load(chosen);
      if (wrong === undefined) show();
      if (wrong === undefined) article.querySelector<HTMLElement>("input:checked")?.focus();
      return wrong;
    }),
    h("h2", {}, "Chapters"),
    ...tags.map(({ name, description: about }) =>
      h("p", {}, h("strong", {}, name), `: ${(about ?? "").replaceAll("`", "")}`),
    ),
  ];
}

function find(): void {
  if (!side.checkVisibility()) side.showPopover();
  filter.focus();
  filter.select();
}

addEventListener("hashchange", () => {
  // The link that leads past the list is no operation.
  if (location.hash === "#content") return;
  show();
  if (side.matches(":popover-open")) side.hidePopover();
  scrollTo(0, 0);
  main.focus({ preventScroll: true });
});
addEventListener("keydown", (event) => {
  const isTyping = (event.target as HTMLElement).closest("input, textarea, select") !== null;
  if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  find();
});
document.querySelector("[data-find]")?.addEventListener("click", find);
startScheme();
const wrong = await load(nobody);
if (wrong === undefined) show();
else article.append(h("p", { role: "alert" }, wrong));
