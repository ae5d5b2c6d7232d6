// Judges real answers by the OpenAPI document, with ajv: a validator that shares no code with what wrote the document.

import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { OpenApiDocument } from "../../server/kernel/http/openapi.ts";

type Json = { [member: string]: unknown };

interface Judge {
  readonly ajv: Ajv2020;
  readonly compiled: Map<string, ValidateFunction>;
  readonly paths: readonly { readonly template: string; readonly pattern: RegExp }[];
}

const judges = new WeakMap<OpenApiDocument, Judge>();

/**
 * Throws when the answer is not what the document promises. `path` is the address without query; `body` the parsed JSON,
 * or undefined for none. Answers of addresses that the document does not know must be problems.
 */
export function validateResponse(
  document: OpenApiDocument,
  method: string,
  path: string,
  status: number,
  body: unknown,
): void {
  const judge = judgeOf(document);
  const template = judge.paths.find(({ pattern }) => pattern.test(path))?.template;
  const at = template === undefined ? undefined : document.paths[template];
  const operation = at?.[method === "HEAD" ? "get" : method.toLowerCase()];
  const pointer = operation ? responsePointer(operation, template as string, method, status) : undefined;
  const where = `${method} ${path} → ${status}`;
  if (pointer === undefined) {
    const known = (operation?.responses as Json | undefined)?.[status] !== undefined;
    if (operation && !known && status < 400 && method !== "OPTIONS")
      throw new Error(`${where}: the document has no such answer`);
    if (status >= 400 && body !== undefined) check(judge, "#/components/schemas/Problem", body, where);
    return;
  }
  if (pointer === null) {
    if (body !== undefined && method !== "HEAD") throw new Error(`${where}: the document promises no body`);
  } else if (method !== "HEAD") check(judge, pointer, body, where);
}

function judgeOf(document: OpenApiDocument): Judge {
  const known = judges.get(document);
  if (known) return known;
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  // The package is CommonJS; its callable stands behind `default` for TypeScript.
  (addFormats as unknown as (target: Ajv2020) => void)(ajv);
  ajv.addSchema(document as Json, "api");
  const paths = Object.keys(document.paths)
    .sort((left, right) => literalLength(right) - literalLength(left))
    .map((template) => ({ template, pattern: patternOf(template) }));
  const judge = { ajv, compiled: new Map(), paths };
  judges.set(document, judge);
  return judge;
}

const literalLength = (template: string): number => template.replaceAll(/\{\w+\}/g, "").length;

function patternOf(template: string): RegExp {
  const parts = template
    .split(/(\{\w+\})/)
    .map((part) => (part.startsWith("{") ? "[^/]+" : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")));
  return new RegExp(`^${parts.join("")}$`);
}

/** JSON Pointer of the schema; null: an answer without a body; undefined: not in the document. */
function responsePointer(operation: Json, template: string, method: string, status: number): string | null | undefined {
  const responses = operation.responses as { [status: string]: Json | undefined };
  const key = responses[status] ? String(status) : status >= 400 ? "default" : undefined;
  const response = key === undefined ? undefined : responses[key];
  if (key === undefined || response === undefined) return undefined;
  // What is shared by several operations is a failure; its schema names the codes that can occur.
  if (typeof response.$ref === "string") return `${response.$ref}/content/application~1problem+json/schema`;
  const [type] = Object.keys((response.content as Json | undefined) ?? {});
  if (type === undefined) return null;
  // NDJSON and texts have no one document to judge.
  if (!/[/+]json$/.test(type)) return undefined;
  const verb = method === "HEAD" ? "get" : method.toLowerCase();
  const tokens = ["paths", template, verb, "responses", key, "content", type, "schema"];
  return `#/${tokens.map((token) => encodeURIComponent(token.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/")}`;
}

function check(judge: Judge, pointer: string, body: unknown, where: string): void {
  const validate = judge.compiled.get(pointer) ?? judge.ajv.compile({ $ref: `api${pointer}` });
  judge.compiled.set(pointer, validate);
  if (validate(body)) return;
  const faults = judge.ajv.errorsText(validate.errors, { separator: "; " });
  throw new Error(`${where}: ${faults}\n${JSON.stringify(body)?.slice(0, 500)}`);
}
