import { expect, test } from "vitest";
import { errorDocs } from "./docs.ts";
import { defineErrors, errorCatalogue, Problem } from "./index.ts";
import { kernelErrors } from "./kernel.ts";
import { problemDocument } from "./problem-document.ts";
import { toProblem } from "./translate.ts";

test("a code can be defined once only", () => {
  expect(() => defineErrors({ internal: { status: 500, says: "", advice: "" } })).toThrow("defined twice");
});

test("a problem document has the contract's members and nothing of the cause", () => {
  const cause = new Error('relation "secret_table" does not exist');
  const problem = kernelErrors.body_too_large({ params: { max: 10 }, cause });
  const document = problemDocument(problem, "r1");
  expect(document).toEqual({
    type: "/docs/errors#body_too_large",
    title: "Payload Too Large",
    status: 413,
    detail: "The body is larger than 10 bytes.",
    code: "body_too_large",
    advice: expect.any(String),
    requestId: "r1",
    errors: [],
  });
  expect(JSON.stringify(document)).not.toContain("secret_table");
});

test("extra members cannot overwrite the standard ones", () => {
  const problem = kernelErrors.internal({ extra: { status: 200, position: 3 } });
  expect(problemDocument(problem, "r")).toMatchObject({ status: 500, position: 3 });
});

const thrown: readonly [string, unknown, string][] = [
  ["statement timeout", Object.assign(new Error("canceling statement"), { code: "57014" }), "database_timeout"],
  ["too many connections", Object.assign(new Error("sorry"), { code: "53300" }), "database_unavailable"],
  ["pool exhausted", new Error("timeout exceeded when trying to connect"), "overloaded"],
  ["lock timeout", Object.assign(new Error("lock"), { code: "55P03" }), "overloaded"],
  ["deadlock", Object.assign(new Error("deadlock"), { code: "40P01" }), "overloaded"],
  ["connection lost", new Error("Connection terminated unexpectedly"), "database_unavailable"],
  ["server gone", Object.assign(new Error("connect"), { code: "ECONNREFUSED" }), "database_unavailable"],
  ["bad percent-encoding", new URIError("URI malformed"), "request_malformed"],
  ["a bug", new TypeError("undefined is not a function"), "internal"],
  ["a thrown string", "oops", "internal"],
  ["a problem", kernelErrors.route_not_found(), "route_not_found"],
];

test.each(thrown)("%s becomes %3$s", (_name, error, code) => {
  const problem = toProblem(error);
  expect(problem).toBeInstanceOf(Problem);
  expect(problem.code).toBe(code);
  if (problem.status === 503) expect(problem.retryAfterSeconds).toBeGreaterThan(0);
});

test("the docs page lists every code, by status", () => {
  const docs = errorDocs();
  for (const code of errorCatalogue().keys()) expect(docs).toContain(`## ${code}\n`);
  expect(docs.indexOf("## json_malformed")).toBeLessThan(docs.indexOf("## internal"));
});
