// Turns the Authorization header into an actor. Sits on every request's path, so a verdict is kept for a second and a
// hit costs one Map lookup and no promise.
//
//   revoked here        the entry goes at once, and lookups that began before are not kept
//   revoked elsewhere   |--- verdict kept 1 s ---|  next lookup sees it: dead everywhere within 2 s
//
// One credential has one frozen actor object as long as nothing about it changes: other rooms may hang caches on it.
import { timingSafeEqual } from "node:crypto";
import { type Actor, anonymous, service } from "../kernel/actor.ts";
import type { Clock } from "../kernel/clock.ts";
import { hashSecret } from "../kernel/ids.ts";
import { errors } from "./errors.ts";

/** A sort of credential: told by its prefix, found by its hash. Sessions and API keys today; users' tokens join here. */
export interface CredentialKind {
  /** The secret is this prefix and 32 base64url characters. */
  readonly prefix: string;
  /** Finds a live credential. Undefined: unknown, expired or revoked, and nobody is told which. */
  find(tokenHash: string, nowMs: number): Promise<FoundCredential | undefined>;
}

export interface FoundCredential {
  /** `session:<id>`, `key:<id>`: what `forget` takes. */
  readonly id: string;
  /** Changes whenever the actor would look different. */
  readonly stamp: string;
  readonly expiresAtMs: number;
  makeActor(): Actor;
}

export interface Authenticator {
  /** Throws the Problem `credential_invalid` (or rejects with it); no header is the anonymous actor. */
  authenticate(headers: { readonly [name: string]: string | string[] | undefined }): Actor | Promise<Actor>;
  /** Drops the verdicts of these credentials in this process at once. */
  forget(...credentialIds: string[]): void;
}

export interface AuthenticatorOptions {
  readonly kinds: readonly CredentialKind[];
  readonly clock: Clock;
  readonly serviceKey?: string | undefined;
  readonly freshMs?: number;
  readonly cacheMax?: number;
}

interface Verdict {
  readonly credentialId: string;
  readonly stamp: string;
  readonly actor: Actor;
  /** On the monotonic clock. */
  readonly freshUntilMs: number;
}

/** RFC 6750 §2.1: `Bearer` and a token68; anything else, however close, is refused. */
const bearer = /^Bearer +([A-Za-z0-9._~+/-]{1,512}=*)$/i;
const scheme = "Bearer ";

export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { clock, kinds, freshMs = 1_000, cacheMax = 10_000 } = options;
  const isServiceKey = serviceKeyCheck(options.serviceKey);
  // Keyed by the token itself. A Map compares characters only after its per-process seeded hash matched, so time tells nothing.
  const verdicts = new Map<string, Verdict>();
  const lookups = new Map<string, Promise<Actor>>();
  let generation = 0;

  const authenticate: Authenticator["authenticate"] = (headers) => {
    const header = headers.authorization;
    if (header === undefined) return anonymous;
    if (typeof header !== "string") throw errors.credential_invalid();
    const hit = header.startsWith(scheme) ? verdicts.get(header.slice(scheme.length)) : undefined;
    if (hit !== undefined && clock.monotonicMs() < hit.freshUntilMs) return hit.actor;
    const token = bearer.exec(header)?.[1];
    if (token === undefined) throw errors.credential_invalid();
    if (isServiceKey(token)) return service;
    const kind = kinds.find(({ prefix }) => token.startsWith(prefix) && token.length === prefix.length + 32);
    if (kind === undefined) throw errors.credential_invalid();
    return lookups.get(token) ?? begin(kind, token);
  };

  /** One lookup at a time for a token; those who ask meanwhile share it. */
  function begin(kind: CredentialKind, token: string): Promise<Actor> {
    const lookup = lookUp(kind, token).finally(() => {
      if (lookups.get(token) === lookup) lookups.delete(token);
    });
    lookups.set(token, lookup);
    return lookup;
  }

  async function lookUp(kind: CredentialKind, token: string): Promise<Actor> {
    const startedIn = generation;
    const startedMs = clock.monotonicMs();
    const nowMs = clock.now();
    const found = await kind.find(hashSecret(token), nowMs);
    const before = verdicts.get(token);
    verdicts.delete(token);
    if (found === undefined) throw errors.credential_invalid();
    const actor = before?.stamp === found.stamp ? before.actor : deepFreeze(found.makeActor());
    if (startedIn === generation) {
      // Counted from the start of the lookup: what it saw is at least that old.
      const freshUntilMs = startedMs + Math.min(freshMs, found.expiresAtMs - nowMs);
      verdicts.set(token, { credentialId: found.id, stamp: found.stamp, actor, freshUntilMs });
      if (verdicts.size > cacheMax) dropOldest();
    }
    return actor;
  }

  /** A refreshed verdict is deleted and set again, so the Map's first key is the one unseen for longest. */
  function dropOldest(): void {
    for (const token of verdicts.keys()) {
      verdicts.delete(token);
      return;
    }
  }

  return {
    authenticate,
    forget: (...credentialIds) => {
      generation++;
      lookups.clear();
      const gone = new Set(credentialIds);
      for (const [token, verdict] of verdicts) if (gone.has(verdict.credentialId)) verdicts.delete(token);
    },
  };
}

/** Compares in constant time. That the length shows is no loss: it is no secret that the key is long. */
function serviceKeyCheck(serviceKey: string | undefined): (token: string) => boolean {
  if (serviceKey === undefined) return () => false;
  if (!/^[A-Za-z0-9._~+/-]{32,512}=*$/.test(serviceKey))
    throw new Error("LANDFALL_SERVICE_KEY must have 32 to 512 characters of A-Z a-z 0-9 - . _ ~ + /");
  const expected = Buffer.from(serviceKey, "latin1");
  return (token) => token.length === expected.length && timingSafeEqual(Buffer.from(token, "latin1"), expected);
}

/** Actors are shared between requests, so nobody may change one, not even a claim inside it. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const member of Object.values(value)) deepFreeze(member);
  return value;
}
