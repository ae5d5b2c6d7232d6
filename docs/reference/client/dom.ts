// Elements from plain calls. Text always goes in as text: nothing of the document is ever read as HTML.
import { copyButton } from "../../site/client/copy.ts";

type Child = Node | string | undefined | readonly Child[];
interface Attributes {
  readonly [name: string]: string | boolean | ((event: Event) => void) | undefined;
}

/** `h("a", { href }, "text")`; a function is a listener, `true` an attribute without value, `undefined` none. */
export function h<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key, value);
    else if (value === true) element.setAttribute(key, "");
    else if (typeof value === "string") element.setAttribute(key, value);
  }
  element.append(...flat(children));
  return element;
}

function flat(children: readonly Child[]): (Node | string)[] {
  return children.flatMap((child) =>
    child === undefined ? [] : Array.isArray(child) ? flat(child) : [child as Node | string],
  );
}

/** The little Markdown that descriptions use: paragraphs, lists, `code`. */
export function prose(text: string): HTMLElement[] {
  return text
    .split(/\n\n+/)
    .map((part) =>
      part.startsWith("- ")
        ? h("ul", {}, ...part.split(/\n(?=- )/).map((line) => h("li", {}, ...inline(line.slice(2)))))
        : h("p", {}, ...inline(part)),
    );
}

export function inline(text: string): (Node | string)[] {
  return text.split("`").map((part, at) => (at % 2 === 1 ? h("code", {}, part) : part));
}

/** A piece of code with a button that copies it. */
export function code(text: string, caption?: string): HTMLElement {
  // A box that scrolls has to be reachable by keyboard.
  const box = h("pre", { tabindex: "0", role: "group", "aria-label": caption ?? "Code" }, h("code", {}, text));
  const title = caption === undefined ? undefined : h("figcaption", {}, caption);
  return h(
    "figure",
    { class: "code" },
    title,
    box,
    copyButton(() => text),
  );
}
