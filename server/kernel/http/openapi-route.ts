// `GET /v1/openapi.json`. Strangers see the product's own routes; the live collections are added for those who may read
// the schema (X11).
import { createHash } from "node:crypto";
import { z } from "zod";
import { hasScope } from "./access.ts";
import type { OpenApiDocument } from "./openapi.ts";
import { defineRoute, type Route } from "./route.ts";
import { defineTag } from "./tags.ts";

const tag = defineTag("System", "What this server says about itself.");

/**
 * Adds what only this installation has. May change the document it is given; it is a copy. The same object as the last time
 * says that nothing changed since.
 */
export type ExtendOpenApi = (document: OpenApiDocument) => OpenApiDocument | Promise<OpenApiDocument>;

export function openApiRoute(routes: () => readonly Route[], publicUrl: string, extend?: ExtendOpenApi): Route {
  let base: Promise<string> | undefined;
  const texts = new WeakMap<OpenApiDocument, string>();
  const textOf = (document: OpenApiDocument): string => {
    const text = texts.get(document) ?? JSON.stringify(document);
    texts.set(document, text);
    return text;
  };
  return defineRoute({
    method: "GET",
    path: "/v1/openapi.json",
    name: "getOpenApi",
    summary: "Read this document",
    description: "With an admin's credential or the scope schema:read it also describes the live collections.",
    tag,
    access: "anyone",
    tagged: true,
    responses: {
      200: {
        description: "The document, in OpenAPI 3.1.",
        schema: z.looseObject({ openapi: z.literal("3.1.0") }),
        example: { openapi: "3.1.0", info: { title: "Landfall", version: "0.1.0" }, paths: {} },
      },
    },
    handler: async ({ actor }) => {
      // Loaded when first asked for: the start does not pay for it.
      base ??= import("./openapi.ts").then((module) => JSON.stringify(module.openApiDocument(routes(), publicUrl)));
      const plain = await base;
      const sees = extend !== undefined && hasScope(actor, "schema:read");
      const text = sees ? textOf(await extend(JSON.parse(plain) as OpenApiDocument)) : plain;
      return { status: 200, text, etag: createHash("sha256").update(text).digest("base64url").slice(0, 22) };
    },
  });
}
