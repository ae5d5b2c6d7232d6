// The record of security: who did what to which account, from where. Written with the database handle of the change itself, so
// that there is no event without its effect and no effect without its event. It is read by admins and by the account's own user.
import type { Context } from "../kernel/context.ts";
import { uuidv7 } from "../kernel/ids.ts";
import type { AuditEvent } from "./audit-events.ts";

/** Whom an event concerns, as far as it is known. */
export interface AuditSubject {
  readonly accountId?: string | undefined;
  readonly collectionId?: number | undefined;
  readonly recordId?: string | undefined;
  readonly sessionId?: string | undefined;
}

export interface AuditOrigin {
  readonly address?: string | undefined;
  readonly agent?: string | undefined;
}

/** No secret, no code and no e-mail address belongs into `detail`: the table outlives the account. */
export interface AuditEntry extends AuditSubject, AuditOrigin {
  readonly event: AuditEvent;
  readonly detail?: { readonly [name: string]: unknown };
}

/** Inside the caller's transaction where there is one. */
export async function audit(
  ctx: Pick<Context, "db" | "requestId" | "nowMs"> & { readonly actor: Pick<Context["actor"], "label"> },
  entry: AuditEntry,
): Promise<void> {
  await ctx.db.query({
    name: "auth_audit",
    text: `INSERT INTO landfall.audit (id, at, event, actor, "accountId", "collectionId", "recordId", "sessionId", address, agent, "requestId", detail)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    values: [
      uuidv7(ctx.nowMs),
      new Date(ctx.nowMs).toISOString(),
      entry.event,
      ctx.actor.label,
      entry.accountId ?? null,
      entry.collectionId ?? null,
      entry.recordId ?? null,
      entry.sessionId ?? null,
      entry.address ?? null,
      entry.agent ?? null,
      ctx.requestId,
      JSON.stringify(entry.detail ?? {}),
    ],
  });
}
