// The console's overview of this server. Everything else the console does goes through the public doors.
import { z } from "zod";
import { countCredentials } from "../auth/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Db } from "../kernel/db/index.ts";
import { defineRoute, type Route } from "../kernel/http/route.ts";
import { defineTag } from "../kernel/http/tags.ts";
import { product } from "../kernel/product.ts";
import { hostNotice, type Notice } from "./host-notice.ts";

export interface AdminRoomOptions {
  readonly clock: Clock;
  /** LANDFALL_PUBLIC_URL or its default. */
  readonly publicUrl: string;
  readonly collections: { current(): { readonly byName: { readonly size: number } } };
  /** What further rooms tell about themselves, by name (`changeLog`, …). One that fails becomes a notice, not an error; so does the text of a `warning` in what one tells. */
  readonly figures: { readonly [name: string]: () => Promise<unknown> };
}

const tag = defineTag("System", "What this server says about itself.");
const noticeSchema = z.object({ code: z.string(), message: z.string() });

const serverSchema = z
  .object({
    version: z.string(),
    publicUrl: z.string(),
    startedAt: z.iso.datetime(),
    uptimeSeconds: z.int(),
    memoryBytes: z.int(),
    database: z.object({ version: z.string(), sizeBytes: z.int() }),
    counts: z.object({ collections: z.int(), admins: z.int(), apiKeys: z.int() }),
    figures: z.record(z.string(), z.unknown()),
    notices: z.array(noticeSchema),
  })
  .meta({ id: "Server", description: "The state of this server." });
const example = {
  ...{ version: product.version, publicUrl: "https://api.example.com", startedAt: "2026-01-01T00:00:00.000Z" },
  ...{ uptimeSeconds: 3600, memoryBytes: 125_000_000, database: { version: "18.1", sizeBytes: 52_000_000 } },
  ...{ counts: { collections: 3, admins: 1, apiKeys: 2 }, figures: {}, notices: [] },
};

export function adminRoomRoutes(options: AdminRoomOptions): Route[] {
  const { clock, publicUrl, collections } = options;
  const startedAt = new Date(clock.now()).toISOString();
  const startedMs = clock.monotonicMs();
  const serverRoute = defineRoute({
    method: "GET",
    path: "/v1/server",
    name: "getServer",
    summary: "Read the state of this server",
    description: "Version, health and counts of this server, and notices about what an operator should look at.",
    tag,
    access: "admin",
    responses: { 200: { description: "The server.", schema: serverSchema, example } },
    handler: async (ctx, { headers }) => {
      const told = await collect(options.figures);
      const notice = hostNotice(publicUrl, headers.host);
      const json: z.output<typeof serverSchema> = {
        version: product.version,
        publicUrl,
        startedAt,
        uptimeSeconds: Math.floor((clock.monotonicMs() - startedMs) / 1000),
        memoryBytes: process.memoryUsage.rss(),
        database: await databaseState(ctx.db),
        counts: { collections: collections.current().byName.size, ...(await countCredentials(ctx.db)) },
        figures: told.figures,
        notices: [...(notice ? [notice] : []), ...told.notices],
      };
      for (const cause of told.causes) ctx.log.warn({ event: "figures_failed", err: cause }, "a room's figures failed");
      return { status: 200, json };
    },
  });
  return [serverRoute];
}

interface Told {
  readonly figures: Record<string, unknown>;
  readonly notices: readonly Notice[];
  readonly causes: readonly unknown[];
}

async function collect(sources: AdminRoomOptions["figures"]): Promise<Told> {
  const told = await Promise.all(
    Object.entries(sources).map(async ([name, ask]) => {
      try {
        return { name, figure: await ask() };
      } catch (cause) {
        return { name, cause };
      }
    }),
  );
  const failed = told.filter((one) => "cause" in one);
  const warnings = told.flatMap(({ name, figure }) => {
    const message = (figure as { warning?: unknown } | null | undefined)?.warning;
    return typeof message === "string" ? [{ code: `${name}_warning`, message }] : [];
  });
  const missing = failed.map(({ name }) => ({ code: "figures_missing", message: `The figures of ${name} cannot be read.` })); // biome-ignore format: one line
  return {
    figures: Object.fromEntries(told.map(({ name, figure }) => [name, figure ?? null])),
    notices: [...missing, ...warnings],
    causes: failed.map(({ cause }) => cause),
  };
}

async function databaseState(db: Db): Promise<{ version: string; sizeBytes: number }> {
  const rows = await db.query<{ version: string; sizeBytes: number }>({
    text: `SELECT current_setting('server_version') AS version, pg_database_size(current_database()) AS "sizeBytes"`,
  });
  return rows[0] ?? { version: "unknown", sizeBytes: 0 };
}
