// Search over all pages, in a dialog: `/` or Ctrl+K opens it, arrows choose, Enter goes. The index is fetched when it is first
// opened, from this server; nothing leaves it.
import MiniSearch, { type SearchResult } from "minisearch";
import { type Found, searchOptions } from "../search-options.ts";

const shownMax = 20;

type Hit = SearchResult & Pick<Found, "page" | "heading" | "start">;

export function startSearch(): void {
  const openers = document.querySelectorAll<HTMLButtonElement>("[data-search-open]");
  const address = document.documentElement.dataset.search;
  if (openers.length === 0 || !address) return;
  const box = new SearchBox(address);
  for (const opener of openers) {
    opener.hidden = false;
    opener.addEventListener("click", () => box.open(opener.dataset.searchOpen === "address" ? lastWords() : undefined));
  }
  document.addEventListener("keydown", (event) => {
    const command = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k";
    const slash = event.key === "/" && !(event.target instanceof HTMLInputElement) && !event.ctrlKey && !event.metaKey;
    if (!command && !slash) return;
    event.preventDefault();
    box.open();
  });
}

class SearchBox {
  readonly #address: string;
  readonly #dialog = document.createElement("dialog");
  readonly #input = document.createElement("input");
  readonly #list = document.createElement("div");
  readonly #status = document.createElement("p");
  #index: Promise<MiniSearch<Found>> | undefined;
  #chosen = 0;

  constructor(address: string) {
    this.#address = address;
    this.#dialog.className = "search-box";
    this.#dialog.setAttribute("aria-label", "Search the docs");
    const attributes = {
      type: "text",
      role: "combobox",
      "aria-label": "Search the docs",
      "aria-controls": "hits",
      "aria-expanded": "false",
      "aria-autocomplete": "list",
      autocomplete: "off",
      spellcheck: "false",
      placeholder: "A word, an error code, a setting",
    };
    for (const [name, value] of Object.entries(attributes)) this.#input.setAttribute(name, value);
    this.#list.id = "hits";
    this.#list.setAttribute("role", "listbox");
    this.#list.setAttribute("aria-label", "Results");
    this.#status.setAttribute("role", "status");
    this.#dialog.append(this.#input, this.#status, this.#list);
    document.body.append(this.#dialog);
    this.#input.addEventListener("input", () => void this.#find());
    this.#input.addEventListener("keydown", (event) => this.#onKey(event));
    this.#dialog.addEventListener("click", (event) => {
      if (event.target === this.#dialog) this.#dialog.close();
    });
  }

  open(asked?: string): void {
    if (this.#dialog.open) return;
    this.#dialog.showModal();
    if (asked !== undefined) this.#input.value = asked;
    this.#input.select();
    void (asked === undefined ? this.#load() : this.#find());
  }

  #load(): Promise<MiniSearch<Found>> {
    this.#index ??= fetch(this.#address).then(async (response) =>
      MiniSearch.loadJSON<Found>(await response.text(), searchOptions),
    );
    return this.#index;
  }

  async #find(): Promise<void> {
    const asked = this.#input.value.trim();
    const index = await this.#load().catch(() => {
      this.#index = undefined;
      this.#status.textContent = "The index could not be fetched. Is the server there?";
    });
    if (!index || asked !== this.#input.value.trim()) return;
    const all = asked === "" ? [] : (index.search(asked) as Hit[]);
    const hits = all.slice(0, shownMax);
    this.#list.replaceChildren(...hits.map((hit, at) => option(hit, at)));
    this.#status.textContent = asked === "" ? "" : counted(asked, all.length);
    this.#input.setAttribute("aria-expanded", String(hits.length > 0));
    this.#choose(0);
  }

  #onKey(event: KeyboardEvent): void {
    const last = this.#list.children.length - 1;
    if (last < 0) return;
    if (event.key === "ArrowDown") this.#choose(this.#chosen === last ? 0 : this.#chosen + 1);
    else if (event.key === "ArrowUp") this.#choose(this.#chosen === 0 ? last : this.#chosen - 1);
    else if (event.key === "Enter") (this.#list.children[this.#chosen] as HTMLAnchorElement).click();
    else return;
    event.preventDefault();
  }

  #choose(at: number): void {
    this.#chosen = at;
    [...this.#list.children].forEach((item, index) => {
      item.setAttribute("aria-selected", String(index === at));
    });
    const chosen = this.#list.children[at];
    this.#input.removeAttribute("aria-activedescendant");
    if (!chosen) return;
    this.#input.setAttribute("aria-activedescendant", chosen.id);
    chosen.scrollIntoView({ block: "nearest" });
  }
}

/** What the last part of this page's own address is called: `/docs/guides/api-keys.html` is about `api keys`. */
function lastWords(): string {
  const last = location.pathname.replace(/\/+$/, "").split("/").at(-1) ?? "";
  return last
    .replace(/\.\w+$/, "")
    .split(/[^\p{L}\p{N}_]+/u)
    .join(" ")
    .trim();
}

function counted(asked: string, found: number): string {
  if (found === 0) return `Nothing about “${asked}”.`;
  return found > shownMax ? `The best ${shownMax} of ${found}` : `${found} found`;
}

/** A link and an option in one: it is chosen from the input and can still be opened in a new tab. */
function option({ id, page, heading, start }: Hit, at: number): HTMLAnchorElement {
  const link = document.createElement("a");
  link.id = `hit-${at}`;
  link.href = id;
  link.tabIndex = -1;
  link.setAttribute("role", "option");
  const name = document.createElement("strong");
  name.textContent = heading === page ? page : `${page} › ${heading}`;
  const text = document.createElement("span");
  text.textContent = start;
  link.append(name, text);
  // The same page: nothing is loaded, so the dialog must go by itself.
  link.addEventListener("click", () => link.closest("dialog")?.close());
  return link;
}
