// Users in and out over HTTP, as streams of lines.
import { Readable } from "node:stream";
import { z } from "zod";
import { linesOf } from "../collections/index.ts";
import { defineRoute, type Route } from "../kernel/http/route.ts";
import { type AccountAdminDeps, accountRoute, accountsPath, collectionParams } from "./account-admin.ts";
import { exportAccounts, importAccounts } from "./account-transfer.ts";
import { accountExamples } from "./account-types.ts";
import { audit } from "./audit.ts";
import { originOf } from "./user-routes.ts";

const ndjson = "application/x-ndjson";
const line = '{"email":"ann@example.com","emailVerified":true,"passwordHash":"$2b$12$…","profile":{"name":"Ann"}}\n';

const imported = z
  .object({
    lines: z.number().int(),
    imported: z.number().int(),
    failed: z.number().int(),
    errors: z.array(z.object({ line: z.number().int(), path: z.string(), code: z.string(), message: z.string() })),
  })
  .meta({ id: "ImportedAccounts", description: "What an import of users took in." });

export function accountTransferRoutes(deps: AccountAdminDeps): Route[] {
  return [
    defineRoute({
      ...accountRoute,
      method: "POST",
      path: `${accountsPath}:import`,
      name: "importAccounts",
      bodyKind: "stream",
      summary: "Import users",
      description:
        "One JSON object per line. `passwordHash` may be bcrypt, argon2, scrypt, PBKDF2 or Firebase's scrypt: users keep their passwords, which are hashed anew at the next sign-in. A line whose e-mail address or user name is known is refused, so a file may be sent again.",
      errors: ["auth_collection_not_found", "import_invalid"],
      params: collectionParams,
      bodyExample: line,
      responses: {
        200: {
          description: "What was taken in, and why the rest was not.",
          schema: imported,
          example: { lines: 1, imported: 1, failed: 0, errors: [] },
        },
      },
      handler: async (ctx, input) => {
        const collection = deps.collectionOf(input.params.collection);
        const into = { collection, origin: originOf(input) };
        return { status: 200, json: await importAccounts(ctx, deps, into, linesOf(input.stream)) };
      },
    }),
    defineRoute({
      ...accountRoute,
      method: "GET",
      path: `${accountsPath}:export`,
      name: "exportAccounts",
      summary: "Export users",
      description:
        "One account per line, without anything that lets people in. Profiles are records: `records:export`.",
      errors: ["auth_collection_not_found", "owner_required", "admin_session_required"],
      params: collectionParams,
      query: z.strictObject({
        hashes: z.enum(["true", "false"]).default("false").meta({ description: "Also password hashes: for owners, to move elsewhere.", example: "false" }), // biome-ignore format: one line
      }),
      responses: {
        200: {
          description: "NDJSON, newest first.",
          contentType: ndjson,
          schema: z.string(),
          example: `${JSON.stringify(accountExamples.managed)}\n`,
        },
      },
      handler: async (ctx, input) => {
        const { id } = deps.collectionOf(input.params.collection);
        const hashes = input.query.hashes === "true";
        if (hashes) await deps.owners.require(ctx);
        await audit(ctx, { event: "account_exported", collectionId: id, ...originOf(input), detail: { hashes } });
        return { status: 200, stream: Readable.from(exportAccounts(ctx.db, id, hashes)), contentType: ndjson };
      },
    }),
  ];
}
