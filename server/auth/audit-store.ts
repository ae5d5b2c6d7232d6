// All SQL that reads the record of security; audit.ts writes it.
import type { Db } from "../kernel/db/index.ts";
import type { AuditEvent } from "./audit-events.ts";

export interface AuditRow {
  readonly id: string;
  readonly at: Date;
  readonly event: AuditEvent;
  readonly actor: string;
  readonly collectionId: number | null;
  readonly recordId: string | null;
  readonly sessionId: string | null;
  readonly address: string | null;
  readonly agent: string | null;
  readonly requestId: string | null;
  readonly detail: { readonly [name: string]: unknown };
}

/** Absent: any. */
export interface AuditQuery {
  readonly event?: string | undefined;
  readonly accountId?: string | undefined;
  readonly recordId?: string | undefined;
  readonly actor?: string | undefined;
  readonly fromIso?: string | undefined;
  readonly untilIso?: string | undefined;
  /** Only events older than the one of this id. */
  readonly before?: string | undefined;
  readonly limit: number;
}

/** Newest first; ids sort by time. */
export async function listAudit(db: Db, asked: AuditQuery): Promise<AuditRow[]> {
  const values: unknown[] = [];
  const conditions: string[] = [];
  const where = (text: string, value: unknown) => {
    if (value === undefined) return;
    values.push(value);
    conditions.push(text.replace("?", `$${values.length}`));
  };
  where("event = ?", asked.event);
  where(`"accountId" = ?`, asked.accountId);
  where(`"recordId" = ?`, asked.recordId);
  where("actor = ?", asked.actor);
  where("at >= ?", asked.fromIso);
  where("at < ?", asked.untilIso);
  where("id < ?", asked.before);
  values.push(asked.limit);
  return db.query<AuditRow>({
    text: `SELECT id, at, event, actor, "collectionId", "recordId", "sessionId", address, agent, "requestId", detail FROM landfall.audit
           ${conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : ""} ORDER BY id DESC LIMIT $${values.length}`,
    values,
  });
}

export function auditView(row: AuditRow, collectionName: (id: number) => string | undefined) {
  const { at, collectionId, recordId, ...shown } = row;
  const collection = collectionId === null ? null : (collectionName(collectionId) ?? null);
  return { ...shown, at: at.toISOString(), collection, userId: recordId };
}
