// Turns the Authorization header into an actor. Sits on every request's path, so a verdict is kept for a minute and a hit costs
// one Map lookup and no promise.
//
//   revoked here        the entry goes at once, and lookups that began before are not kept
//   revoked elsewhere   the feed of changes tells it about a second later (credential-feed.ts): dead everywhere within 2 s
//   the feed is silent  a verdict counts for one second only, so that the bound holds without it
//
// One credential has one frozen actor object as long as nothing about it changes: other rooms may hang caches on it.
import { timingSafeEqual } from "node:crypto";
import { type Actor, anonymous, service } from "../kernel/actor.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Proofs } from "./access-proof.ts";
import { errors } from "./errors.ts";

/** A sort of credential, told by the look of its token. */
export interface CredentialKind {
  matches(token: string): boolean;
  /** Finds a live credential. Undefined: unknown, expired or revoked, and nobody is told which. */
  find(token: string, nowMs: number): Promise<FoundCredential | undefined>;
}

/** Whether the token is this prefix and 32 base64url characters, as `newSecret` makes them. */
export const secretWith = (prefix: string) => (token: string) =>
  token.startsWith(prefix) && token.length === prefix.length + 32;

export interface FoundCredential {
  /** `session:<id>`, `key:<id>`, `account:<id>`: its own name first, then whatever else ends or changes it. What `forget` takes. */
  readonly subjects: readonly string[];
  /** Changes whenever the actor would look different. */
  readonly stamp: string;
  readonly expiresAtMs: number;
  /** RFC 7638 thumbprint of the key that each request must prove to have; then it counts for nothing as a bearer token. */
  readonly keyThumbprint?: string | undefined;
  makeActor(): Actor;
}

/** What a proof of a key is bound to. */
export interface AskedFor {
  readonly request: { readonly method?: string | undefined };
  /** Without query. */
  readonly path: string;
}

type Headers = { readonly [name: string]: string | string[] | undefined };

export interface Authenticator {
  /** Throws the Problem `credential_invalid` (or rejects with it); no header is the anonymous actor. */
  authenticate(headers: Headers, address?: string, asked?: AskedFor): Actor | Promise<Actor>;
  /** Drops the verdicts that hang on these subjects in this process at once. */
  forget(...subjects: string[]): void;
  /** Drops all verdicts. */
  forgetAll(): void;
}

export interface AuthenticatorOptions {
  readonly kinds: readonly CredentialKind[];
  readonly clock: Clock;
  readonly serviceKey?: string | undefined;
  /** Absent: no request can prove a key. */
  readonly proofs?: Proofs;
  /** Until when, on the monotonic clock, changes made elsewhere have been told to `forget`. Absent: never. */
  readonly toldUntilMs?: () => number | undefined;
  readonly cacheMax?: number;
}

/** How long a verdict counts without, and with, word of what changes elsewhere. */
const aloneMs = 1_000;
const toldMs = 60_000;
/** The feed's interval, and what one look may take. */
const feedSilentMs = 2_000;

interface Verdict {
  readonly subjects: readonly string[];
  readonly stamp: string;
  readonly actor: Actor;
  readonly keyThumbprint: string | undefined;
  /** On the monotonic clock, like the next one. */
  readonly askedAtMs: number;
  readonly expiresAtMs: number;
}

/** RFC 6750 §2.1: `Bearer` and a token68; anything else, however close, is refused. */
const bearer = /^Bearer +([A-Za-z0-9._~+/-]{1,4096}=*)$/i;
const scheme = "Bearer ";
/** RFC 9449 §7.1. */
const bound = /^DPoP +([A-Za-z0-9._~+/-]{1,4096}=*)$/i;

export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { clock, kinds, proofs, toldUntilMs = () => undefined, cacheMax = 10_000 } = options;
  const isServiceKey = serviceKeyCheck(options.serviceKey);
  // Keyed by the token itself. A Map compares characters only after its per-process seeded hash matched, so time tells nothing.
  const verdicts = new Map<string, Verdict>();
  const lookups = new Map<string, Promise<Verdict>>();
  let generation = 0;

  const authenticate: Authenticator["authenticate"] = (headers, _address, asked) => {
    const header = headers.authorization;
    if (header === undefined) return anonymous;
    if (typeof header !== "string") throw errors.credential_invalid();
    const hit = header.startsWith(scheme) ? verdicts.get(header.slice(scheme.length)) : undefined;
    if (hit !== undefined && counts(hit, clock.monotonicMs())) return asBearer(hit);
    const token = bearer.exec(header)?.[1];
    if (token === undefined) {
      const withKey = bound.exec(header)?.[1];
      if (withKey === undefined || asked === undefined) throw errors.credential_invalid();
      return proven(withKey, headers.dpop, asked);
    }
    if (isServiceKey(token)) return service;
    return found(token).then(asBearer);
  };

  const found = (token: string): Promise<Verdict> => {
    const kind = kinds.find((one) => one.matches(token));
    if (kind === undefined) throw errors.credential_invalid();
    return lookups.get(token) ?? begin(kind, token);
  };

  async function proven(token: string, proof: Headers[string], asked: AskedFor): Promise<Actor> {
    // The cheap question first: a proof is only spent on a token that lives.
    const kept = verdicts.get(token);
    const verdict = kept !== undefined && counts(kept, clock.monotonicMs()) ? kept : await found(token);
    const { path, request } = asked;
    const thumbprint = await proofs?.thumbprintOf({ proof, method: request.method ?? "", path, accessToken: token });
    if (thumbprint === undefined || thumbprint !== verdict.keyThumbprint) throw errors.credential_invalid();
    return verdict.actor;
  }

  function counts({ askedAtMs, expiresAtMs }: Verdict, nowMs: number): boolean {
    const ageMs = nowMs - askedAtMs;
    if (nowMs >= expiresAtMs || ageMs >= toldMs) return false;
    return ageMs < aloneMs || nowMs - (toldUntilMs() ?? Number.NEGATIVE_INFINITY) < feedSilentMs;
  }

  /** One lookup at a time for a token; those who ask meanwhile share it. */
  function begin(kind: CredentialKind, token: string): Promise<Verdict> {
    const lookup = lookUp(kind, token).finally(() => {
      if (lookups.get(token) === lookup) lookups.delete(token);
    });
    lookups.set(token, lookup);
    return lookup;
  }

  async function lookUp(kind: CredentialKind, token: string): Promise<Verdict> {
    const startedIn = generation;
    const startedMs = clock.monotonicMs();
    const nowMs = clock.now();
    const live = await kind.find(token, nowMs);
    const before = verdicts.get(token);
    verdicts.delete(token);
    if (live === undefined) throw errors.credential_invalid();
    const { subjects, stamp, keyThumbprint } = live;
    const actor = before?.stamp === stamp ? before.actor : deepFreeze(live.makeActor());
    // Counted from the start of the lookup: what it saw is at least that old.
    const expiresAtMs = startedMs + live.expiresAtMs - nowMs;
    const verdict = { subjects, stamp, actor, keyThumbprint, askedAtMs: startedMs, expiresAtMs };
    if (startedIn === generation) {
      verdicts.set(token, verdict);
      if (verdicts.size > cacheMax) dropOldest();
    }
    return verdict;
  }

  /** A refreshed verdict is deleted and set again, so the Map's first key is the one unseen for longest. */
  function dropOldest(): void {
    for (const token of verdicts.keys()) {
      verdicts.delete(token);
      return;
    }
  }

  const forgetIf = (isGone: (verdict: Verdict) => boolean) => {
    generation++;
    lookups.clear();
    for (const [token, verdict] of verdicts) if (isGone(verdict)) verdicts.delete(token);
  };
  return {
    authenticate,
    forget: (...subjects) => {
      const gone = new Set(subjects);
      forgetIf((verdict) => verdict.subjects.some((subject) => gone.has(subject)));
    },
    forgetAll: () => forgetIf(() => true),
  };
}

/** A token that is bound to a key is worth nothing to whoever merely has it. */
function asBearer(verdict: Verdict): Actor {
  if (verdict.keyThumbprint !== undefined) throw errors.credential_invalid();
  return verdict.actor;
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
