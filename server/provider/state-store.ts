// All SQL about what the protocol remembers. Nothing in the table can be presented: a code, a token or a cookie is known by its
// hash, and what belongs to it is sealed. Rows that hang on a grant go with the session of that grant.
import type { Db } from "../kernel/db/index.ts";
import { hashSecret } from "../kernel/ids.ts";
import type { MasterKey } from "../kernel/master-key.ts";

export interface StateRow {
  readonly payload: { readonly [member: string]: unknown };
  readonly consumedAt: Date | null;
}

export interface NewState {
  readonly model: string;
  readonly id: string;
  readonly payload: object;
  readonly grantId?: string | undefined;
  readonly clientId?: string | undefined;
  readonly uid?: string | undefined;
  readonly userCode?: string | undefined;
  readonly expiresAtMs: number;
}

export interface StateStore {
  /** Inserts, or replaces what this id held; whether it was used stays as it is. */
  put(state: NewState): Promise<void>;
  /** Inserts; false when the id is there already. */
  add(state: NewState): Promise<boolean>;
  byId(model: string, id: string): Promise<StateRow | undefined>;
  byUid(model: string, uid: string): Promise<StateRow | undefined>;
  byUserCode(model: string, userCode: string): Promise<StateRow | undefined>;
  /** True for exactly one of any number of callers. */
  consume(model: string, id: string, nowMs: number): Promise<boolean>;
  remove(model: string, id: string): Promise<void>;
  removeGrant(model: string, grantId: string): Promise<void>;
}

interface Row {
  readonly idHash: string;
  readonly sealed: string;
  readonly consumedAt: Date | null;
}

const iso = (ms: number) => new Date(ms).toISOString();
const context = (model: string, idHash: string) => `oauthState:${model}:${idHash}`;
const columns = `"idHash", sealed, "consumedAt"`;
const insert = `INSERT INTO landfall."oauthState" (model, "idHash", "grantId", "clientId", "uidHash", "userCodeHash", sealed, "expiresAt")
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (model, "idHash")`;

export function createStateStore(db: Db, masterKey: MasterKey): StateStore {
  const hashOf = (text: string | undefined) => (text === undefined ? null : hashSecret(text));

  const valuesOf = (state: NewState) => {
    const idHash = hashSecret(state.id);
    const sealed = masterKey.seal(JSON.stringify(state.payload), context(state.model, idHash));
    const names = [state.grantId ?? null, state.clientId ?? null, hashOf(state.uid), hashOf(state.userCode)];
    return [state.model, idHash, ...names, sealed, iso(state.expiresAtMs)];
  };

  const opened = (model: string, row: Row | undefined): StateRow | undefined =>
    row && {
      payload: JSON.parse(masterKey.open(row.sealed, context(model, row.idHash)).toString()) as StateRow["payload"],
      consumedAt: row.consumedAt,
    };

  const find = async (model: string, by: "idHash" | "uidHash" | "userCodeHash", value: string) => {
    const text = `SELECT ${columns} FROM landfall."oauthState" WHERE model = $1 AND "${by}" = $2 LIMIT 1`;
    const rows = await db.query<Row>({ name: `provider_state_${by}`, text, values: [model, hashSecret(value)] });
    return opened(model, rows[0]);
  };

  return {
    async put(state) {
      await db.query({
        name: "provider_state_put",
        text: `${insert} DO UPDATE SET "grantId" = excluded."grantId", "clientId" = excluded."clientId", "uidHash" = excluded."uidHash",
                 "userCodeHash" = excluded."userCodeHash", sealed = excluded.sealed, "expiresAt" = excluded."expiresAt"`,
        values: valuesOf(state),
      });
    },
    async add(state) {
      const text = `${insert} DO NOTHING RETURNING 1`;
      return (await db.query({ name: "provider_state_add", text, values: valuesOf(state) })).length > 0;
    },
    byId: (model, id) => find(model, "idHash", id),
    byUid: (model, uid) => find(model, "uidHash", uid),
    byUserCode: (model, userCode) => find(model, "userCodeHash", userCode),
    async consume(model, id, nowMs) {
      const rows = await db.query({
        name: "provider_state_consume",
        text: `UPDATE landfall."oauthState" SET "consumedAt" = $3 WHERE model = $1 AND "idHash" = $2 AND "consumedAt" IS NULL RETURNING 1`,
        values: [model, hashSecret(id), iso(nowMs)],
      });
      return rows.length > 0;
    },
    async remove(model, id) {
      await db.query({
        name: "provider_state_remove",
        text: `DELETE FROM landfall."oauthState" WHERE model = $1 AND "idHash" = $2`,
        values: [model, hashSecret(id)],
      });
    },
    async removeGrant(model, grantId) {
      await db.query({
        name: "provider_state_remove_grant",
        text: `DELETE FROM landfall."oauthState" WHERE model = $1 AND "grantId" = $2`,
        values: [model, grantId],
      });
    },
  };
}

export async function sweepStates(db: Db, nowMs: number): Promise<void> {
  await db.query({ text: `DELETE FROM landfall."oauthState" WHERE "expiresAt" <= $1`, values: [iso(nowMs)] });
}
