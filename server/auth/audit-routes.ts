// The record of security over HTTP: all of it for admins, their own part for users.
import { z } from "zod";
import { defineRoute, type Route } from "../kernel/http/route.ts";
import { accountRoute } from "./account-admin.ts";
import { auditEvents } from "./audit-events.ts";
import { type AuditRow, auditView, listAudit } from "./audit-store.ts";
import { auditExample, auditSchema } from "./audit-types.ts";
import { ownSession, sessionErrors, type UserRouteDeps, userRoute } from "./user-routes.ts";

type AuditRouteDeps = Pick<UserRouteDeps, "collectionName" | "sessionOf">;

const time = z.iso.datetime();
const paging = {
  limit: z.coerce.number().int().min(1).max(500).default(50).meta({ description: "Events on a page.", example: 50 }),
  cursor: z.string().regex(/^[0-9a-f-]{36}$/).optional().meta({ description: "`nextCursor` of the page before.", example: auditExample.id }),
}; // biome-ignore format: a table
const filters = {
  event: z.enum(auditEvents).optional().meta({ description: "Only events of this name.", example: "signed_in" }),
  user: z.string().max(64).optional().meta({ description: "Whose account it concerns: the user's id.", example: auditExample.userId }),
  actor: z.string().max(200).optional().meta({ description: "Who did it, whole.", example: "service" }),
  from: time.optional().meta({ description: "At this time or later.", example: "2026-01-01T00:00:00.000Z" }),
  until: time.optional().meta({ description: "Before this time.", example: "2026-02-01T00:00:00.000Z" }),
}; // biome-ignore format: a table

const responses = {
  200: {
    description: "A page.",
    schema: z.object({ items: z.array(auditSchema), nextCursor: z.string().nullable() }),
    example: { items: [auditExample], nextCursor: null },
  },
};

export function auditRoutes(deps: AuditRouteDeps): Route[] {
  return [
    defineRoute({
      ...accountRoute,
      method: "GET",
      path: "/v1/audit",
      name: "listAudit",
      summary: "List events of security",
      description: "Newest first. Events outlive the accounts they speak of.",
      query: z.strictObject({ ...filters, ...paging }),
      responses,
      handler: async (ctx, { query }) => {
        const { event, user, actor, from, until, limit, cursor } = query;
        const asked = { event, recordId: user, actor, fromIso: from, untilIso: until, before: cursor };
        return page(deps, await listAudit(ctx.db, { ...asked, limit: limit + 1 }), limit);
      },
    }),
    defineRoute({
      ...userRoute,
      method: "GET",
      path: "/v1/auth/audit",
      name: "listOwnAudit",
      access: "signedIn",
      summary: "List what happened to your account",
      description: "The signed-in user's own events of security, newest first.",
      errors: sessionErrors,
      query: z.strictObject(paging),
      responses,
      handler: async (ctx, { query: { limit, cursor } }) => {
        const { accountId } = ownSession(deps, ctx.actor);
        return page(deps, await listAudit(ctx.db, { accountId, before: cursor, limit: limit + 1 }), limit);
      },
    }),
  ];
}

function page({ collectionName }: AuditRouteDeps, rows: readonly AuditRow[], limit: number) {
  const items = rows.slice(0, limit).map((row) => auditView(row, collectionName));
  return { status: 200, json: { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null } };
}
