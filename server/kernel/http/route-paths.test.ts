import { expect, test } from "vitest";
import { expressPath, groupByPath } from "./route-paths.ts";

const route = (method: "GET" | "POST", path: string) => ({ method, path }) as never;

test("colons of custom verbs are escaped, parameters become Express'", () => {
  expect(expressPath("/v1/c/{collection}/records:query")).toBe("/v1/c/:collection/records\\:query");
  expect(expressPath("/v1/r/{id}:restore")).toBe("/v1/r/:id\\:restore");
});

test("the more exact of two addresses is tried first, otherwise the given order stays", () => {
  const paths = ["/v1/c/{c}/r/{id}", "/v1/c/{c}/r/{id}:restore", "/v1/c/{c}", "/v1/c/all", "/v1/openapi.json"];
  expect(groupByPath(paths.map((path) => route("GET", path))).map(([path]) => path)).toEqual([
    "/v1/c/{c}/r/{id}:restore",
    "/v1/c/{c}/r/{id}",
    "/v1/c/all",
    "/v1/c/{c}",
    "/v1/openapi.json",
  ]);
});

test("two routes with one method and address are a mistake", () => {
  expect(() => groupByPath([route("GET", "/a"), route("GET", "/a")])).toThrow("declared twice");
});
