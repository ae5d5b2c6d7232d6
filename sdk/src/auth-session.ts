// The session that a client holds: kept in a store, renewed before its token ends and when the server no longer takes it,
// given up only when the server says so. No timers: a token is looked at when it is needed, so a sleeping phone, a frozen tab
// and a long flight are one case.
//
//   token()   fresh ------------------------------> access token
//             old, online  --lock-- POST refresh --> new tokens, stored, told to listeners
//             old, offline ------------------------> the call's own network error; the user stays signed in
//             401 refresh_token_invalid -----------> wiped by onRevoked, then told; the call rejects with that error
import type { Lock } from "./auth-lock.ts";
import type { TokenStore } from "./auth-store.ts";
import { lifetimeMs } from "./auth-token.ts";
import type { Account, AuthChange, SignedIn, Tokens } from "./auth-types.ts";
import { LandfallError } from "./error.ts";
import type { Runtime } from "./runtime.ts";
import type { Request, Transport } from "./transport.ts";

export interface HeldSession extends SignedIn {
  /** By the local clock, at the moment the token came. */
  readonly obtainedAtMs: number;
  /** 0: not known. */
  readonly lifetimeMs: number;
}

type Event = AuthChange<unknown>["event"];

export interface SessionDeps {
  /** Name in the store. */
  readonly key: string;
  readonly store: TokenStore;
  readonly lock: Lock;
  /** Sends without a credential. */
  readonly open: Transport;
  readonly runtime: Runtime;
}

/** Renewed this long before the end, so that a token does not end on the way. */
const marginMs = 30_000;

export class SessionHolder {
  held: HeldSession | undefined;
  readonly listeners = new Set<(event: Event) => void>();
  /** Awaited before anybody is told that a session was revoked. */
  readonly wipers = new Set<() => unknown>();
  private readonly deps: SessionDeps;
  private loading: Promise<void> | undefined;
  private renewing: Promise<string> | undefined;
  /** The store refused the last write: what it holds is older than what is here. */
  private storeIsBehind = false;

  constructor(deps: SessionDeps) {
    this.deps = deps;
  }

  /** What the store holds. A store that answers at once has answered when this returns, so that a first screen has its user. */
  load(): Promise<void> {
    this.loading ??= this.read();
    return this.loading;
  }

  private read(): Promise<void> {
    const text = this.deps.store.getItem(this.deps.key);
    if (typeof text !== "object" || text === null) {
      this.held = parse(text);
      return Promise.resolve();
    }
    return text.then((later) => {
      this.held = parse(later);
    });
  }

  /** After another tab has written: takes over what it did, and tells. */
  async reread(): Promise<void> {
    if (this.storeIsBehind) return;
    const before = this.held;
    await this.read();
    if (JSON.stringify(before) === JSON.stringify(this.held)) {
      this.held = before; // The same object as before: what a screen compares by identity has not changed.
      return;
    }
    if (this.held === undefined) this.tell("signedOut");
    else this.tell(before?.session.id === this.held.session.id ? "refreshed" : "signedIn");
  }

  async take(tokens: Tokens & Partial<SignedIn>, event: Event, before?: HeldSession): Promise<void> {
    const { accessToken, refreshToken, session } = tokens;
    const user = tokens.user ?? before?.user ?? { id: "" };
    const account = tokens.account ?? (before?.account as Account);
    const obtainedAtMs = this.deps.runtime.now();
    const times = { obtainedAtMs, lifetimeMs: lifetimeMs(accessToken) };
    await this.keep({ accessToken, refreshToken, session, user, account, ...times }, event);
  }

  /** In memory first: a store that fails costs the next start, not this one. */
  async keep(held: HeldSession, event: Event): Promise<void> {
    this.held = held;
    this.storeIsBehind = true;
    try {
      await this.deps.store.setItem(this.deps.key, JSON.stringify(held));
      this.storeIsBehind = false;
    } finally {
      this.tell(event);
    }
  }

  async drop(event: "signedOut" | "revoked"): Promise<void> {
    this.held = undefined;
    this.storeIsBehind = true;
    try {
      await this.deps.store.removeItem(this.deps.key);
      this.storeIsBehind = false;
      if (event === "revoked") await Promise.all([...this.wipers].map((wipe) => wipe()));
    } finally {
      this.tell(event);
    }
  }

  /** A token the server will take, as far as can be known; undefined when nobody is signed in. */
  async token(): Promise<string | undefined> {
    await this.load();
    const { held } = this;
    if (held === undefined || this.isFresh(held)) return held?.accessToken;
    return this.renew(held.accessToken).catch((error: unknown) => {
      // Too old to be sure of, perhaps good enough: better to ask with it than to fail without having asked.
      if (error instanceof LandfallError && error.retryable && this.held?.accessToken === held.accessToken)
        return held.accessToken;
      throw error;
    });
  }

  private isFresh({ obtainedAtMs, lifetimeMs: life }: HeldSession): boolean {
    const age = this.deps.runtime.now() - obtainedAtMs;
    return life === 0 || (age >= 0 && age < life - Math.min(marginMs, life / 4));
  }

  /** Another token than this one. One refresh at a time, here and among the tabs. */
  renew(refused: string | undefined): Promise<string> {
    this.renewing ??= this.deps
      .lock(() => this.rotate(refused))
      .finally(() => {
        this.renewing = undefined;
      });
    return this.renewing;
  }

  private async rotate(refused: string | undefined): Promise<string> {
    await this.load();
    await this.reread();
    const before = this.held;
    if (before === undefined) throw signedOut();
    if (refused !== undefined && before.accessToken !== refused) return before.accessToken;
    const { refreshToken } = before;
    try {
      const { json } = await this.deps.open.send(refreshRequest(refreshToken));
      // Whoever signed out or in meanwhile is not brought back.
      if (this.held?.refreshToken === refreshToken) await this.take(json as Tokens, "refreshed", before);
    } catch (error) {
      if (!(error instanceof LandfallError) || error.code !== "refresh_token_invalid") throw error;
      await this.reread();
      if (this.held?.refreshToken !== refreshToken) return this.held?.accessToken ?? Promise.reject(error);
      await this.drop("revoked");
      throw error;
    }
    if (this.held === undefined) throw signedOut();
    return this.held.accessToken;
  }

  private tell(event: Event): void {
    for (const listener of [...this.listeners]) listener(event);
  }
}

/** May be repeated: for 20 s the server answers the same successor. */
export const refreshRequest = (refreshToken: string): Request => ({
  method: "POST",
  path: "/v1/auth/refresh",
  body: { refreshToken },
  safe: true,
});

function signedOut(): LandfallError {
  return new LandfallError({ code: "signed_out", message: "Nobody is signed in.", advice: "Sign in first." });
}

/** What an earlier release or somebody else wrote there is no session. */
function parse(text: string | null): HeldSession | undefined {
  try {
    const held = JSON.parse(text ?? "null") as HeldSession | null;
    const isWhole = typeof held?.accessToken === "string" && typeof held.refreshToken === "string" && held.user;
    return isWhole ? held : undefined;
  } catch {
    return undefined;
  }
}
