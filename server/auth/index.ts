// Who is asking: users, admins, API keys and the service key. The door of this room.
import type { Logger } from "pino";
import type { Actor } from "../kernel/actor.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Db } from "../kernel/db/index.ts";
import type { Route } from "../kernel/http/route.ts";
import { hashSecret } from "../kernel/ids.ts";
import type { Service } from "../kernel/lifecycle.ts";
import type { MasterKey } from "../kernel/master-key.ts";
import type { Outbound } from "../kernel/outbound.ts";
import { product } from "../kernel/product.ts";
import type { Mailer } from "../mail/index.ts";
import { createProofs } from "./access-proof.ts";
import { adminRoutes, type SessionOf } from "./admin-routes.ts";
import { findSession, type SessionRow, sessionIdleMs } from "./admin-store.ts";
import { type Authenticator, type CredentialKind, createAuthenticator, secretWith } from "./credential.ts";
import { type CredentialFeed, createCredentialFeed } from "./credential-feed.ts";
import { namedActor } from "./explain-actor.ts";
import { type Collections, keyActor } from "./key.ts";
import { keyRoutes } from "./key-routes.ts";
import { findKey } from "./key-store.ts";
import type { Presets } from "./oauth-presets.ts";
import { createOwners, type Owners } from "./owner.ts";
import { createPasswordHasher, type PasswordHasher } from "./password.ts";
import { createSweeper } from "./sweep.ts";
import type { UserRecords } from "./user-views.ts";
import { createUsers, type SharedSignIn, type UserCollections } from "./users.ts";

export { looksLikeAccessToken } from "./access-token.ts";
export { type AccountRow, accountById, accountByRecord } from "./account-store.ts";
export { countCredentials } from "./admin-store.ts";
export { audit } from "./audit.ts";
export type { CredentialKind } from "./credential.ts";
export { grantsOf } from "./key.ts";
export { createAdmin, ensureFirstAdmin, ensureSetupSecret, resetAdmin, takesSetupSecret } from "./setup.ts";
export { originOf, userRoute } from "./user-routes.ts";
export type { LiveSession } from "./user-session-store.ts";
export type { SharedSignIn } from "./users.ts";
export { provideUsers, usersCollection } from "./users-collection.ts";

export interface AuthOptions {
  /** The pool, never a transaction. */
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Logger;
  /** LANDFALL_SERVICE_KEY; at least 32 characters, or this throws. */
  readonly serviceKey?: string | undefined;
  /** The collections of now; scopes of API keys follow them, and those of kind `auth` hold the users. */
  readonly collections: Collections & UserCollections;
  readonly records: UserRecords;
  readonly masterKey: MasterKey;
  readonly publicUrl: string;
  /** The way to the providers of sign-in. */
  readonly outbound: Outbound;
  readonly presets?: Presets | undefined;
  readonly mailer: Mailer;
  readonly breachRangeUrl?: string | undefined;
  readonly passwords?: PasswordHasher;
  readonly sweepEveryMs?: number;
}

export interface Auth {
  /** An actor at once when the verdict is at most a second old. Throws or rejects with `credential_invalid` (401). */
  readonly authenticate: Authenticator["authenticate"];
  /** The actor that an admin names to have a request explained as; undefined when the text names none. */
  readonly namedActor: (text: string) => Promise<Actor | undefined>;
  readonly routes: readonly Route[];
  /** For other rooms' doors that a session alone does not open. */
  readonly owners: Owners;
  readonly sweeper: Service;
  /** Once at the start, before the first request. */
  prepare(): Promise<void>;
  /** Tells this process which credentials ended elsewhere. */
  readonly feed: CredentialFeed;
  /** What the provider builds upon. */
  readonly shared: SharedSignIn;
  /** One more sort of credential, asked before those that are there. Before the first request. */
  readonly addKind: (kind: CredentialKind) => void;
}

export function createAuth(options: AuthOptions): Auth {
  const { db, clock, log } = options;
  const passwords = options.passwords ?? createPasswordHasher();
  // Weak, so that it holds what the authenticator's bounded cache and running requests hold, and no more.
  const sessions = new WeakMap<Actor, SessionOf>();
  const feed = createCredentialFeed({ db, log, monotonicMs: clock.monotonicMs });
  const kinds: CredentialKind[] = [sessionKind(db, sessions), keyKind(db)];
  const { authenticate, forget, forgetAll } = createAuthenticator({
    kinds,
    clock,
    serviceKey: options.serviceKey,
    proofs: createProofs(options),
    toldUntilMs: feed.seenUntilMs,
  });
  feed.onChange((subjects) => (subjects === "all" ? forgetAll() : forget(...subjects)));
  const sessionOf = (actor: Actor) => sessions.get(actor);
  const owners = createOwners(passwords, sessionOf);
  const users = createUsers({ ...options, passwords, owners, forget });
  kinds.push(users.kind);
  return {
    authenticate,
    owners,
    namedActor: (text) => namedActor(db, text),
    routes: [
      ...users.routes,
      ...adminRoutes({ passwords, forget, sessionOf }),
      ...keyRoutes({ collections: options.collections, forget }),
    ],
    sweeper: createSweeper({ db, clock, log, everyMs: options.sweepEveryMs ?? 3_600_000 }),
    feed,
    prepare: users.prepare,
    shared: users.shared,
    addKind: (kind) => kinds.unshift(kind),
  };
}

function sessionKind(db: Db, sessions: WeakMap<Actor, SessionOf>): CredentialKind {
  return {
    matches: secretWith(product.secretPrefixes.session),
    find: async (token, nowMs) => {
      const session = await findSession(db, hashSecret(token), nowMs);
      if (session === undefined) return undefined;
      return {
        subjects: [`session:${session.id}`, `admin:${session.adminId}`],
        stamp: session.role,
        expiresAtMs: Math.min(session.expiresAt.getTime(), nowMs + sessionIdleMs),
        makeActor: () => {
          const actor = adminActor(session);
          sessions.set(actor, { adminId: session.adminId, sessionId: session.id });
          return actor;
        },
      };
    },
  };
}

function adminActor(session: SessionRow): Actor {
  return {
    kind: "admin",
    label: `admin:${session.adminId}`,
    passesRules: true,
    seesHidden: true,
    auth: { id: session.adminId, signedIn: true, roles: [], teams: [], claims: {} },
  };
}

function keyKind(db: Db): CredentialKind {
  return {
    matches: secretWith(product.secretPrefixes.apiKey),
    find: async (token, nowMs) => {
      const key = await findKey(db, hashSecret(token), nowMs);
      if (key === undefined) return undefined;
      return {
        subjects: [`key:${key.id}`],
        stamp: String(key.revision),
        expiresAtMs: key.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY,
        makeActor: () => keyActor(key),
      };
    },
  };
}
