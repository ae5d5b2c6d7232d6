// One operation on the page: what it does, what it takes, what it answers, and a form that sends it.
import type { Credential } from "./credential.ts";
import type { Answer, ApiDocument, Operation, Parameter } from "./document.ts";
import { code, h, inline, prose } from "./dom.ts";
import { schemaView, typeText } from "./schema-view.ts";
import { exampleText, tryIt } from "./try-it.ts";

export function operationView(operation: Operation, api: ApiDocument, credential: () => Credential): HTMLElement[] {
  const { summary, method, path, description, needsCredential, parameters, body, answers } = operation;
  const who = needsCredential
    ? "Needs a credential."
    : "Takes a credential or none; what may be seen and done is decided by whose it is.";
  return [
    h("p", { class: "chapter" }, operation.tag),
    h("h1", {}, summary),
    h(
      "p",
      { class: "address" },
      h("span", { class: `method ${method.toLowerCase()}` }, method),
      " ",
      h("code", {}, path),
    ),
    ...prose(description),
    h("p", {}, who, " Named ", h("code", {}, operation.id), " in the document."),
    ...(parameters.length === 0 ? [] : [h("h2", {}, "Parameters"), parameterTable(parameters, api)]),
    ...(body
      ? [
          h("h2", {}, "Body"),
          schemaView(body.media.schema, api.resolve),
          code(exampleText(body.media.example, body.type), body.type),
        ]
      : []),
    h("h2", {}, "Answers"),
    ...answers.map(([status, answer]) => answerView(status, answer, api)),
    h("h2", {}, "From a shell"),
    code(curl(operation), "curl"),
    h("h2", { id: "try" }, "Try it"),
    tryIt(operation, credential),
  ];
}

function parameterTable(parameters: readonly Parameter[], { resolve }: ApiDocument): HTMLElement {
  const rows = parameters.map(({ name, in: place, required, schema, description, example }) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, h("code", {}, name)),
      h("td", {}, required ? `${place}, required` : place),
      h(
        "td",
        {},
        ...inline(description ?? ""),
        h("div", { class: "type" }, typeText(schema, resolve)),
        example === undefined ? undefined : h("div", {}, "Example: ", h("code", {}, String(example))),
      ),
    ),
  );
  const head = h("tr", {}, ...["Name", "Where", "What it is"].map((text) => h("th", { scope: "col" }, text)));
  return h(
    "div",
    { class: "table", tabindex: "0", role: "region", "aria-label": "Parameters" },
    h("table", {}, h("thead", {}, head), h("tbody", {}, ...rows)),
  );
}

function answerView(
  status: string,
  { description, headers = {}, content = {} }: Answer,
  api: ApiDocument,
): HTMLElement {
  const isProblem = Object.keys(content)[0] === "application/problem+json";
  const title = status === "default" ? "Any other" : status;
  const names = Object.keys(headers);
  const parts = Object.entries(content).flatMap(([type, { schema, example, examples }]) =>
    isProblem
      ? Object.entries(examples ?? {}).map(([name, one]) => problem(name, api.resolve(one).summary ?? ""))
      : [schemaView(schema, api.resolve), code(exampleText(example, type), type)],
  );
  const said = isProblem ? undefined : h("p", {}, ...inline(description));
  const list = isProblem ? [h("ul", { class: "problems" }, ...parts)] : parts;
  const told = names.length === 0 ? undefined : h("p", { class: "headers" }, "Headers: ", names.join(", "));
  const summary = isProblem
    ? `${title}: ${parts.length === 1 ? "one code" : `${parts.length} codes`}`
    : `${title}: ${description}`;
  return h("details", { class: "status", open: /^2/.test(status) }, h("summary", {}, summary), said, ...list, told);
}

function problem(code: string, says: string): HTMLElement {
  return h("li", {}, h("a", { href: `/docs/errors#${code}` }, h("code", {}, code)), ` ${says}`);
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function curl({ method, path, parameters, body, needsCredential }: Operation): string {
  const filled = parameters
    .filter((parameter) => parameter.in === "path")
    .reduce((text, { name, example }) => text.replace(`{${name}}`, encodeURIComponent(String(example ?? name))), path);
  return [
    `curl ${method === "GET" ? "" : `-X ${method} `}${quoted(location.origin + filled)}`,
    ...(needsCredential || !path.startsWith("/v1/setup") ? ['  -H "Authorization: Bearer $KEY"'] : []),
    ...(body
      ? [`  -H ${quoted(`Content-Type: ${body.type}`)}`, `  --data-binary ${quoted(flat(body.media.example))}`]
      : []),
  ].join(" \\\n");
}

const flat = (example: unknown): string => (typeof example === "string" ? example : JSON.stringify(example));
