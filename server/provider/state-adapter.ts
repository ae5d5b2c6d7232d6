// oidc-provider's storage interface over our tables. What it calls a grant is a session of a user; what it calls a client is a
// row of ours; the rest is state. Its times are seconds.
import type { Adapter, AdapterPayload, ClientMetadata } from "oidc-provider";
import type { Db } from "../kernel/db/index.ts";
import { metadataOf } from "./client.ts";
import { clientById } from "./client-store.ts";
import { isInGrace } from "./refresh-rotation.ts";
import type { NewState, StateRow, StateStore } from "./state-store.ts";

export interface AdapterDeps {
  readonly db: Db;
  readonly store: StateStore;
  readonly refreshSecret: Buffer;
  readonly now: () => number;
  /** Ends the session that a grant is: with it go the grant and all that hangs on it, and every process is told. */
  readonly endGrant: (grantId: string) => Promise<void>;
  /** A client that registers itself; throws the protocol's `invalid_client_metadata`. */
  readonly register: (metadata: ClientMetadata) => Promise<void>;
  /** What a lost race is told: the protocol's `invalid_grant`. */
  readonly alreadyUsed: () => Error;
}

/** Those whose rows end with the session of their grant. */
const hangsOnGrant = new Set(["AuthorizationCode", "RefreshToken", "AccessToken", "DeviceCode", "Grant"]);

export function adapterFor(name: string, deps: AdapterDeps): Adapter {
  return name === "Client" ? clientAdapter(deps) : stateAdapter(name, deps);
}

function clientAdapter({ db, register }: AdapterDeps): Adapter {
  return {
    ...nothing,
    find: async (id) => {
      const client = await clientById(db, id);
      return client && (metadataOf(client) as AdapterPayload);
    },
    upsert: async (_id, payload) => register(payload as ClientMetadata),
  };
}

const nothing: Adapter = {
  upsert: async () => {},
  find: async () => undefined,
  findByUserCode: async () => undefined,
  findByUid: async () => undefined,
  consume: async () => {},
  destroy: async () => {},
  revokeByGrantId: async () => {},
};

const isCode = new Set(["AuthorizationCode", "DeviceCode"]);
const raceMs = 2_000;
const foreignKeyViolation = "23503";

function stateAdapter(model: string, deps: AdapterDeps): Adapter {
  const { store, now, endGrant } = deps;
  const upsert = async (id: string, payload: AdapterPayload, expiresInSeconds = 0) => {
    const state = stateOf({ model, id, payload }, now() + expiresInSeconds * 1000);
    // A proof counts once (RFC 9449 §11.1); a successor that is asked for again stays as it is, used or not.
    if (model === "ReplayDetection" && !(await store.add(state))) throw deps.alreadyUsed();
    if (model === "RefreshToken") await store.add(state);
    else if (model !== "ReplayDetection") await store.put(state);
  };
  const save: Adapter["upsert"] = async (...given) => {
    try {
      await upsert(...given);
    } catch (error) {
      // The session ended between the look at the grant and now.
      if ((error as { code?: unknown }).code === foreignKeyViolation) throw deps.alreadyUsed();
      throw error;
    }
  };
  // Whoever reaches this knew the client's secret and the verifier: two at once are a client that asked twice. It is told no
  // by `consume`; only later is a second use taken for a replay, which ends the grant.
  const isForgiven = async (id: string, row: StateRow) => {
    if (model === "RefreshToken") return isInGrace(store, deps.refreshSecret, id, row, now());
    return isCode.has(model) && row.consumedAt !== null && now() - row.consumedAt.getTime() < raceMs;
  };
  return {
    upsert: save,
    find: async (id) => {
      const row = await store.byId(model, id);
      if (row === undefined) return undefined;
      return payloadOf((await isForgiven(id, row)) ? { ...row, consumedAt: null } : row);
    },
    findByUid: async (uid) => payloadOf(await store.byUid(model, uid)),
    findByUserCode: async (userCode) => payloadOf(await store.byUserCode(model, userCode)),
    consume: async (id) => {
      const nowMs = now();
      if (await store.consume(model, id, nowMs)) return;
      const row = model === "RefreshToken" ? await store.byId(model, id) : undefined;
      if (row && (await isInGrace(store, deps.refreshSecret, id, row, nowMs))) return;
      throw deps.alreadyUsed();
    },
    destroy: async (id) => (model === "Grant" ? endGrant(id) : store.remove(model, id)),
    // Every model of a grant is asked in turn; the session's end takes all of them.
    revokeByGrantId: async (grantId) => (model === "Grant" ? endGrant(grantId) : store.removeGrant(model, grantId)),
  };
}

interface Named {
  readonly model: string;
  readonly id: string;
  readonly payload: AdapterPayload;
}

function stateOf({ model, id, payload }: Named, expiresAtMs: number): NewState {
  const { grantId, clientId, uid, userCode } = payload;
  const grant = model === "Grant" ? id : grantId;
  return {
    ...{ model, id, payload },
    ...{ clientId: hangsOnGrant.has(model) ? clientId : undefined, uid, userCode },
    grantId: hangsOnGrant.has(model) ? grant : undefined,
    expiresAtMs,
  };
}

function payloadOf(row: StateRow | undefined): AdapterPayload | undefined {
  if (row === undefined) return undefined;
  const consumed = row.consumedAt && { consumed: Math.floor(row.consumedAt.getTime() / 1000) };
  return { ...(row.payload as AdapterPayload), ...consumed };
}
