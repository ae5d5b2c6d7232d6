// How an operation can fail, as the OpenAPI document says it: per status the codes that can occur, with an example each.
// What the pipeline may answer follows from the route's plan; a room names its own codes in `route.errors`.
import { type ErrorDefinition, errorCatalogue, Problem } from "../errors/index.ts";
import { problemContentType, problemDocument } from "../errors/problem-document.ts";
import { type HeaderName, headerRefs } from "./openapi-parts.ts";
import type { Json } from "./openapi-schema.ts";
import type { RoutePlan } from "./route-plan.ts";

/** Before an operation is reached, or whatever it is. They stand on `default`. */
const beforeAnyOperation = [
  "method_not_allowed",
  "request_timeout",
  "url_too_long",
  "expectation_failed",
  "headers_too_large",
];
const always = [
  ...["request_malformed", "input_invalid", "rate_limited", "internal"],
  ...["overloaded", "database_unavailable", "database_timeout", "shutting_down"],
];

export interface ProblemParts {
  readonly responses: Json;
  readonly examples: Json;
}

/** `{status: reference}` for every status the operation can fail with, and `default` for the rest. */
export function problemsOf(plan: RoutePlan, parts: ProblemParts): Json {
  const found: Json = {};
  for (const [status, codes] of byStatus(plan)) found[status] = shared(parts, String(status), codes);
  found.default = shared(parts, "", beforeAnyOperation);
  return found;
}

function byStatus(plan: RoutePlan): Map<number, string[]> {
  const found = new Map<number, string[]>();
  const add = (code: string, status = definitionOf(code).status) => {
    const codes = found.get(status) ?? [];
    found.set(status, codes.includes(code) ? codes : [...codes, code]);
  };
  for (const code of [...always, ...pipelineCodes(plan)]) add(code);
  for (const given of plan.route.errors ?? []) {
    if (typeof given === "string") add(given);
    else add(given.code, given.status);
  }
  return new Map([...found].sort(([left], [right]) => left - right));
}

function pipelineCodes({ route, bodyKind, bodyRequired, idempotent }: RoutePlan): string[] {
  const isUnsafe = route.method !== "GET" && !route.safe;
  return [
    // Which credentials there are is a room's matter; its codes for a bad one begin with the same word.
    ...[...errorCatalogue()].filter(isBadCredential).map(([code]) => code),
    ...(route.access === "anyone" ? [] : ["credential_required"]),
    ...(route.access === "anyone" || route.access === "signedIn" ? [] : ["not_allowed"]),
    ...(route.access.includes(":") || route.access === "metrics" ? ["scope_missing"] : []),
    ...(route.explained ? ["credential_required", "not_allowed"] : []),
    ...(isUnsafe ? ["credential_read_only"] : []),
    ...(route.sameOrigin ? ["origin_not_allowed"] : []),
    ...(bodyKind === "json" ? ["json_malformed", "json_too_deep", "body_too_large", "media_type_unsupported"] : []),
    ...(bodyKind === "stream" ? ["body_too_large", "media_type_unsupported"] : []),
    ...(bodyRequired ? ["body_required"] : []),
    ...(isUnsafe ? ["idempotency_key_invalid"] : []),
    ...(idempotent ? ["idempotency_in_flight", "idempotency_key_reused"] : []),
  ];
}

function isBadCredential([code, { status }]: readonly [string, ErrorDefinition]): boolean {
  return status === 401 && code.startsWith("credential_") && code !== "credential_required";
}

/** Operations that fail alike share one response. */
function shared({ responses, examples }: ProblemParts, status: string, codes: readonly string[]): Json {
  const sorted = [...codes].sort();
  const made = JSON.stringify(response(status, sorted));
  const base = `Problem${status}`;
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? base : `${base}_${count}`;
    if (responses[name] !== undefined && JSON.stringify(responses[name]) !== made) continue;
    responses[name] = JSON.parse(made);
    for (const code of sorted) examples[exampleName(code, status)] = problemExample(code, status);
    return { $ref: `#/components/responses/${name}` };
  }
}

function response(status: string, codes: readonly string[]): Json {
  const problem = { $ref: "#/components/schemas/Problem" };
  const narrowed = { allOf: [problem, { type: "object", properties: { code: { type: "string", enum: codes } } }] };
  const says = codes.map((code) => `- \`${code}\`: ${sentenceOf(code)}`).join("\n");
  return {
    description: status === "" ? "Any other failure, such as one before the operation is reached." : says,
    headers: headerRefs(headersOf(status)),
    content: {
      [problemContentType]: {
        schema: status === "" ? problem : narrowed,
        examples: Object.fromEntries(
          codes.map((code) => [code, { $ref: `#/components/examples/${exampleName(code, status)}` }]),
        ),
      },
    },
  };
}

function headersOf(status: string): HeaderName[] {
  const counted: HeaderName[] = ["X-Request-Id", "RateLimit", "RateLimit-Policy"];
  if (status === "401") return [...counted, "WWW-Authenticate"];
  return ["409", "429", "503"].includes(status) ? [...counted, "Retry-After"] : counted;
}

/** What stands for `{name}` in the sentences of the catalogue. The bounds are many; which one it was is told when it happens. */
const samples: { readonly [name: string]: string | number } = {
  ...{
    max: "n",
    seconds: 10,
    line: 3,
    maxKiB: 1024,
    method: "PUT",
    scope: "schema:read",
    expected: "application/json",
  },
};

/** Some doors tell a problem under another status than its own. */
function exampleName(code: string, status: string): string {
  const isMoved = status !== "" && String(definitionOf(code).status) !== status;
  return isMoved ? `problem_${status}_${code}` : `problem_${code}`;
}

const sentenceOf = (code: string): string => new Problem(code, definitionOf(code), { params: samples }).message;

function problemExample(code: string, as: string): Json {
  const own = definitionOf(code);
  const definition = as === "" ? own : { ...own, status: Number(as) };
  const named = /_(?:invalid|unprocessable|conflict|refused)$/.test(code) && definition.status < 412;
  const issues =
    named || definition.status === 422
      ? [{ path: "/title", code: "invalid", message: "This value is not possible." }]
      : [];
  const problem = new Problem(code, definition, { params: samples, issues });
  return { summary: problem.message, value: problemDocument(problem, "0197a7d2-7c00-7000-8000-000000000000") };
}

function definitionOf(code: string): ErrorDefinition {
  const definition = errorCatalogue().get(code);
  if (!definition) throw new Error(`no error has the code ${code}`);
  return definition;
}

export function problemSchema(): Json {
  const text = (description: string) => ({ type: "string", description });
  const issue = {
    type: "object",
    description: "One place in the input that is wrong.",
    required: ["path", "code", "message"],
    properties: {
      path: text("A JSON Pointer into the body, or `query.<name>`, `path.<name>`, `header.<name>`."),
      code: text("What is wrong there, in a word."),
      message: text("What is wrong there, in a sentence."),
    },
  };
  return {
    type: "object",
    description: "RFC 9457 problem document.",
    required: ["type", "title", "status", "detail", "code", "advice", "requestId", "errors"],
    properties: {
      type: { type: "string", format: "uri-reference", description: "Where the code is explained." },
      title: text("The status in words."),
      status: { type: "integer", description: "The HTTP status." },
      detail: text("What happened, in a sentence."),
      code: {
        type: "string",
        description: "What happened, in a word. Stable: programs decide by it.",
        enum: [...errorCatalogue().keys()].sort(),
      },
      advice: text("What to do next."),
      requestId: text("The request's id, as in `X-Request-Id`."),
      errors: { type: "array", items: issue },
    },
  };
}
