import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "vitest";
import { testServer } from "../support/server.ts";

const server = testServer();

test("the OpenAPI document of the whole product is right, for strangers and for admins", async () => {
  for (const as of [null, undefined]) {
    const { status, json } = await server.call("GET", "/v1/openapi.json", undefined, as === null ? { as } : {});
    expect(status).toBe(200);
    const { valid, errors } = await new Validator().validate(json);
    expect([valid, errors ?? []]).toEqual([true, []]);
    const names = Object.values(json.paths as Record<string, Record<string, { operationId: string }>>).flatMap((item) =>
      Object.values(item).map(({ operationId }) => operationId),
    );
    expect(new Set(names).size).toBe(names.length);
    for (const [, name = ""] of JSON.stringify(json).matchAll(/"#\/components\/schemas\/([^"]+)"/g))
      expect(json.components.schemas).toHaveProperty([name]);
  }
});
