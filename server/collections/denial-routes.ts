// The denials that admins read: what was refused lately, and by which clause.
import { z } from "zod";
import { defineRoute, type Route } from "../kernel/http/route.ts";
import { decodeCursor, encodeCursor, queryHash } from "./cursor.ts";
import { listDenials } from "./denial-store.ts";
import type { Room } from "./record-room.ts";
import { recordsTag } from "./record-routes.ts";

const denial = z
  .object({
    id: z.string(),
    at: z.string(),
    collection: z.string(),
    operation: z.string(),
    clause: z.string(),
    rule: z.string().nullable(),
    record: z.string().nullable(),
    field: z.string().nullable(),
    actor: z.string(),
    requestId: z.string(),
    door: z.string(),
    dropped: z.number().int(),
  })
  .meta({ id: "Denial", description: "A request that a rule refused." });
const example = {
  ...{ id: "0197a7d2-7c00-7000-8000-000000000000", at: "2026-01-01T00:00:00.000Z", collection: "posts" },
  ...{ operation: "update", clause: "author == auth.id", rule: "author == auth.id", record: "p1", field: null },
  ...{ actor: "user:u2", requestId: "r1", door: "rest", dropped: 0 },
};

export function denialRoutes(room: Room): Route[] {
  return [
    defineRoute({
      ...{ method: "GET", path: "/v1/denials", name: "listDenials", tag: recordsTag, access: "admin" },
      summary: "List the last refusals by rules",
      description: "Newest first: which operation was refused to whom, and by which clause of which rule.",
      errors: ["cursor_invalid"],
      query: z.strictObject({
        collection: z
          .string()
          .max(100)
          .optional()
          .meta({ description: "Only those of this collection.", example: "posts" }),
        limit: z.coerce
          .number()
          .int()
          .min(1)
          .max(1_000)
          .default(30)
          .meta({ description: "Refusals on a page.", example: 30 }),
        cursor: z
          .string()
          .max(1_000)
          .optional()
          .meta({ description: "`nextCursor` of the page before.", example: "eyJ2IjoxfQ" }),
      }),
      responses: {
        200: {
          description: "A page. `dropped` counts further denials of that moment that found no room.",
          schema: z.object({ items: z.array(denial), nextCursor: z.string().nullable() }),
          example: { items: [example], nextCursor: null },
        },
      },
      async handler(ctx, { query: { collection, limit, cursor } }) {
        await room.denials.flush();
        const secret = await room.cursorSecret();
        const question = queryHash(["denials", collection ?? "", ctx.actor.label]);
        const [after] = cursor === undefined ? [undefined] : decodeCursor(secret, question, cursor, 1);
        const rows = await listDenials(ctx.db, { collection, after: after ?? undefined, limit: limit + 1 });
        const items = rows.slice(0, limit).map(({ request, ...rest }) => ({ ...rest, requestId: request }));
        const last = items.at(-1);
        const more = rows.length > limit && last !== undefined;
        const nextCursor = more ? encodeCursor(secret, question, [last.id]) : null;
        return { status: 200, json: { items, nextCursor } };
      },
    }),
  ];
}
