// Sends the operation to the server that serves this page and shows what comes back.
import { type Credential, headersOf } from "./credential.ts";
import type { Operation, Parameter } from "./document.ts";
import { code, h } from "./dom.ts";

const shownChars = 200_000;

export function tryIt(operation: Operation, credential: () => Credential): HTMLElement {
  const { method, path, parameters, body } = operation;
  const inputs = parameters.map((parameter) => ({ parameter, input: inputFor(parameter) }));
  const text = body ? h("textarea", { id: "try-body", rows: "10", spellcheck: "false" }) : undefined;
  if (text && body) text.value = exampleText(body.media.example, body.type);
  const answer = h("div", { class: "answer", "aria-live": "polite" });
  const button = h("button", { type: "submit", class: "send" }, `Send ${method}`);

  async function send(event: Event): Promise<void> {
    event.preventDefault();
    const given = inputs.map(({ parameter, input }) => ({ parameter, value: input.value }));
    const headers: Record<string, string> = {
      ...headersOf(credential()),
      ...(text && body ? { "content-type": body.type } : {}),
    };
    for (const { parameter, value } of given)
      if (parameter.in === "header" && value !== "") headers[parameter.name] = value;
    button.disabled = true;
    answer.replaceChildren(h("p", {}, "Waiting for the answer."));
    const startedMs = performance.now();
    try {
      const response = await fetch(addressOf(path, given), { method, headers, ...(text ? { body: text.value } : {}) });
      const received = await response.text();
      answer.replaceChildren(...shown(response, received, performance.now() - startedMs));
    } catch {
      answer.replaceChildren(h("p", {}, "No answer: the server cannot be reached from here."));
    } finally {
      button.disabled = false;
    }
  }

  const isUnsafe = method !== "GET" && !path.endsWith(":query");
  return h(
    "form",
    { class: "try", submit: (event) => void send(event) },
    ...inputs.map(({ parameter, input }) => field(parameter, input)),
    text && body
      ? h("div", { class: "field" }, h("label", { for: "try-body" }, `Body (${body.type})`), text)
      : undefined,
    isUnsafe ? h("p", {}, "This changes what is stored on this server.") : undefined,
    button,
    answer,
  );
}

function inputFor({ name, in: place, example }: Parameter): HTMLInputElement {
  const input = h("input", { id: `try-${place}-${name}`, autocomplete: "off", spellcheck: "false" });
  if (place === "path") {
    input.value = String(example ?? "");
    input.required = true;
  } else input.placeholder = String(example ?? "");
  return input;
}

function field({ name, in: place }: Parameter, input: HTMLInputElement): HTMLElement {
  return h("div", { class: "field" }, h("label", { for: input.id }, h("code", {}, name), ` in ${place}`), input);
}

interface Given {
  readonly parameter: Parameter;
  readonly value: string;
}

/** Always this server: whatever address the document names, credentials go nowhere else. */
function addressOf(path: string, given: readonly Given[]): string {
  const query = new URLSearchParams();
  let filled = path;
  for (const { parameter, value } of given) {
    if (parameter.in === "path") filled = filled.replace(`{${parameter.name}}`, encodeURIComponent(value));
    if (parameter.in === "query" && value !== "") query.set(parameter.name, value);
  }
  const text = query.toString();
  return text === "" ? filled : `${filled}?${text}`;
}

function shown(response: Response, received: string, tookMs: number): HTMLElement[] {
  const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  const status = `${response.status} ${response.statusText}`.trim();
  return [
    h(
      "p",
      { class: "status", "data-status": String(response.status) },
      h("strong", {}, status),
      ` in ${Math.round(tookMs)} ms`,
    ),
    ...(received === "" ? [h("p", {}, "The answer has no body.")] : [code(indented(received), "Answer")]),
    h("details", {}, h("summary", {}, "Headers of the answer"), code(headers, "Headers")),
  ];
}

function indented(text: string): string {
  let whole = text;
  try {
    whole = JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    // No JSON: shown as it came.
  }
  return whole.length <= shownChars
    ? whole
    : `${whole.slice(0, shownChars)}\n… ${whole.length - shownChars} more characters`;
}

export function exampleText(example: unknown, type: string): string {
  if (example === undefined) return "";
  return typeof example === "string" && !type.endsWith("/json") ? example : JSON.stringify(example, undefined, 2);
}
