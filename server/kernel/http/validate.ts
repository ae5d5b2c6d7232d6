// Runs a route's zod schemas and turns their complaints into issues of the contract.
import type { ZodType, z } from "zod";
import type { Issue } from "../errors/index.ts";
import { kernelErrors } from "../errors/kernel.ts";
import { pointerPart } from "./json-body.ts";

const issuesMax = 20;

/** Names the place of one zod issue: a JSON Pointer for bodies, `query.x` or `path.x` for the flat ones. */
type Place = (path: readonly PropertyKey[]) => string;

const places: { readonly [part in "body" | "query" | "path"]: Place } = {
  body: (path) => path.map((part) => `/${pointerPart(String(part))}`).join(""),
  query: (path) => ["query", ...path.map(String)].join("."),
  path: (path) => ["path", ...path.map(String)].join("."),
};

export function validate<Schema extends ZodType>(
  schema: Schema,
  value: unknown,
  part: "body" | "query" | "path",
): z.output<Schema> {
  const result = schema.safeParse(value, { reportInput: false });
  if (result.success) return result.data;
  const issues = result.error.issues.flatMap((issue) => toIssues(issue, places[part])).slice(0, issuesMax);
  throw kernelErrors.input_invalid({ issues });
}

function toIssues(issue: z.core.$ZodIssue, place: Place): Issue[] {
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({
      path: place([...issue.path, key]),
      code: "unknown",
      message: "This name is not known here.",
    }));
  // A missing member reads better as "required" than as "expected string, received undefined".
  const missing = issue.code === "invalid_type" && issue.message.endsWith("received undefined");
  if (missing) return [{ path: place(issue.path), code: "required", message: "A value is required." }];
  return [{ path: place(issue.path), code: issue.code, message: issue.message }];
}

/** For routes that read their query themselves. */
export function unknownParameters(names: readonly string[]): Error {
  const issues = names
    .slice(0, issuesMax)
    .map((name) => ({ path: `query.${name}`, code: "unknown", message: "This name is not known here." }));
  return kernelErrors.input_invalid({ issues });
}
