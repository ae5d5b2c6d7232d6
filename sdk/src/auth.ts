// `lf.auth`: signing in and out, and what a user does with their account. The verbs of `/v1/auth`, typed; the session itself
// is held in auth-session.ts.
import { createLock } from "./auth-lock.ts";
import { arrive, type CryptoLike, depart } from "./auth-redirect.ts";
import { SessionHolder } from "./auth-session.ts";
import { createSignOuts, type SignOuts } from "./auth-sign-outs.ts";
import { defaultStore, type TokenStore } from "./auth-store.ts";
import type { Account, AuthChange, Device, DeviceInput, Identity, SignedIn, SignInMethods, SignInStep, UserSession } from "./auth-types.ts"; // biome-ignore format: one line
import { authPath } from "./paths.ts";
import type { Runtime } from "./runtime.ts";
import { type Answer, type CallOptions, createTransport, type Transport, type TransportOptions } from "./transport.ts";

/**
 * How a client keeps its user: `createClient({ auth })`.
 *
 * @example
 * ```ts
 * const options: AuthOptions = { store: memoryStore(), device: { name: "Till 3", appVersion: "1.4.0" } };
 * const app = createClient({ url: "http://localhost:4710", schema, auth: options });
 * console.log(app.auth.user); // null
 * ```
 */
export interface AuthOptions<Users extends string = string> {
  /** The collection of kind `auth` whose users these are. Default `users`. */
  readonly collection?: Users;
  /** Default: `localStorage` in browsers, else memory. */
  readonly store?: TokenStore;
  /** Before every name in the store. Letters, digits, `.`, `-` and `_`. Default: from the address of the server. */
  readonly storeKey?: string;
  /** What the user reads in their list of devices. */
  readonly device?: DeviceInput;
  /** Replaces the runtime's WebCrypto, which signing in at a provider needs. */
  readonly crypto?: CryptoLike;
}

interface Surroundings {
  readonly crypto?: CryptoLike;
  readonly localStorage?: unknown;
  addEventListener?(type: "storage", listener: (event: { readonly key: string | null }) => void): void;
}

/**
 * The user of this client: `lf.auth`. Requests of the client carry their token, which is renewed before it ends; a session
 * survives restarts, other tabs and days without a network, and ends when the user signs out or the server ends it.
 *
 * @example
 * ```ts
 * const app = createClient({ url: "http://localhost:4710", schema });
 * const stop = app.auth.onChange(({ event, user }) => console.log(event, user?.id));
 * const step = await app.auth.signIn({ email: "ann@example.com", password: "wrong" }).catch((error) => error);
 * console.log(app.auth.user); // null
 * stop();
 * ```
 */
export class Auth<User extends { readonly id: string } = { readonly id: string }> {
  /** The user's devices. */
  readonly devices: {
    list(options?: CallOptions): Promise<Device[]>;
    rename(id: string, name: string, options?: CallOptions): Promise<void>;
    /** Ends every session there; the app on it wipes what it had stored at its next contact. */
    revoke(id: string, options?: CallOptions): Promise<void>;
  };
  /** The user's sessions. */
  readonly sessions: {
    list(options?: CallOptions): Promise<UserSession[]>;
    end(id: string, options?: CallOptions): Promise<void>;
  };
  /** Who the user is at other providers. */
  readonly identities: {
    list(options?: CallOptions): Promise<Identity[]>;
    /** As {@link Auth.signInWith}, for whoever is signed in already. */
    link(provider: string, target: { readonly redirect: string }, options?: CallOptions): Promise<{ url: string }>;
    unlink(id: string, options?: CallOptions): Promise<void>;
  };
  private readonly holder: SessionHolder;
  private readonly signOuts: SignOuts;
  private readonly store: TokenStore;
  private readonly key: string;
  private readonly options: AuthOptions;
  private readonly base: string;
  /** Without a credential. */
  private readonly open: Transport;
  /** As the user. */
  private readonly own: Transport;

  /** @internal Made by createClient. */
  constructor(options: AuthOptions, transport: Omit<TransportOptions, "token" | "renew">) {
    this.options = options;
    this.base = transport.url.replace(/\/+$/, "");
    this.store = options.store ?? defaultStore();
    this.key = options.storeKey ?? `landfall.${this.base.replace(/^\w+:\/\//, "").replace(/[^\w.-]/g, "_")}`;
    this.open = createTransport({ ...transport, token: () => undefined });
    this.own = createTransport({ ...transport, token: () => this.token(), renew: (refused) => this.renew(refused) });
    const { key, store, open } = this;
    const runtime: Runtime = transport.runtime;
    const lock = createLock(`${key}.lock`, store, runtime);
    this.holder = new SessionHolder({ key: `${key}.session`, store, open, runtime, lock });
    const once = { ...transport, retries: 0 };
    this.signOuts = createSignOuts(
      `${key}.signOuts`,
      store,
      createTransport({ ...once, token: () => undefined }),
      (token) => createTransport({ ...once, token: () => token }),
    );
    this.devices = this.deviceCalls();
    this.sessions = this.sessionCalls();
    this.identities = this.identityCalls();
    void this.holder.load().then(() => this.signOuts.send(), () => {}); // biome-ignore format: one line
    this.followOtherTabs();
  }

  private followOtherTabs(): void {
    const { localStorage, addEventListener } = this.options.store ? {} : (globalThis as Surroundings);
    if (localStorage !== this.store) return;
    addEventListener?.("storage", ({ key }) => {
      // Null: everything was cleared.
      if (key === null || key === `${this.key}.session`) void this.holder.reread();
    });
  }

  /** Who is signed in, as last seen; null when nobody is, and before {@link Auth.ready} where the store is asynchronous. */
  get user(): User | null {
    return (this.holder.held?.user as User | undefined) ?? null;
  }

  /** How they sign in. */
  get account(): Account | null {
    return this.holder.held?.account ?? null;
  }

  /** The session of this client. */
  get session(): { readonly id: string; readonly deviceId: string | null; readonly expiresAt: string } | null {
    return this.holder.held?.session ?? null;
  }

  /**
   * Resolves when the store has been read. Browsers' `localStorage` has been by then.
   *
   * @example
   * ```ts
   * await lf.auth.ready();
   * console.log(lf.auth.user); // null
   * ```
   */
  ready(): Promise<void> {
    return this.holder.load();
  }

  /** Calls the listener after every change, those of other tabs included; answers what ends that. */
  onChange(listener: (change: AuthChange<User>) => void): () => void {
    const tell = (event: AuthChange<User>["event"]) => listener({ event, user: this.user });
    this.holder.listeners.add(tell);
    return () => void this.holder.listeners.delete(tell);
  }

  /**
   * For whatever keeps data of the user on this device: called, and awaited, when the server has ended the session.
   *
   * @example
   * ```ts
   * const drafts = new Map([["post", "Hel"]]);
   * const stop = lf.auth.onRevoked(() => drafts.clear());
   * stop();
   * ```
   */
  onRevoked(wipe: () => unknown): () => void {
    this.holder.wipers.add(wipe);
    return () => void this.holder.wipers.delete(wipe);
  }

  /** An access token that is good for some time, for other services that verify it; undefined when nobody is signed in. */
  token(): Promise<string | undefined> {
    return this.holder.token();
  }

  /** @internal Another token than the refused one. */
  renew(refused: string): Promise<string> {
    return this.holder.renew(refused);
  }

  /** Renews the tokens now, as after a change of roles. */
  async refresh(): Promise<void> {
    await this.holder.renew(undefined);
  }

  /** Reads user and account again. */
  async reload(options?: CallOptions): Promise<User | null> {
    const { json } = await this.own.send({ method: "GET", path: "/v1/auth/me" }, options);
    const { user, account } = json as SignedIn;
    const { held } = this.holder;
    if (held !== undefined && held.user.id === user.id) await this.holder.keep({ ...held, user, account }, "updated");
    return this.user;
  }

  /** What a sign-in screen may offer. */
  async methods(options?: CallOptions): Promise<SignInMethods> {
    const query =
      this.options.collection === undefined ? "" : `?collection=${encodeURIComponent(this.options.collection)}`;
    return (await this.open.send({ method: "GET", path: `/v1/auth/methods${query}` }, options)).json as SignInMethods;
  }

  /**
   * Makes an account. The answer is the same whether the address is known or not; the code in the mail goes to
   * {@link Auth.confirmSignUp}. An anonymous user who signs up keeps their id and data.
   */
  signUp(
    input: {
      readonly email: string;
      readonly password: string;
      readonly username?: string;
      readonly profile?: Readonly<Record<string, unknown>>;
      readonly locale?: string;
      /** Where the hosted page sends the user afterwards: exactly one of the addresses allowed in the console. */
      readonly redirect?: string;
    },
    options?: CallOptions,
  ): Promise<SignInStep<User>> {
    return this.step("/v1/auth/sign-up", input, options);
  }

  /** The code from the mail; or the link's token with the password, which proves that both are of one person. */
  confirmSignUp(
    input: Confirmation | { readonly token: string; readonly password: string },
    options?: CallOptions,
  ): Promise<SignInStep<User>> {
    // biome-ignore format: one line
    return this.step("/v1/auth/sign-up/confirm", input, options);
  }

  /** By password. */
  signIn(
    input: ({ readonly email: string } | { readonly username: string }) & { readonly password: string },
    options?: CallOptions,
  ): Promise<SignInStep<User>> {
    return this.step("/v1/auth/sign-in", input, options);
  }

  /** Sends a mail with a code and a link, to an address that has an account; whether it does is not told. */
  async sendSignInCode(email: string, options?: CallOptions): Promise<{ flow: string; expiresAt: string }> {
    return this.begin("/v1/auth/sign-in/email", { email }, options);
  }

  /** By the code or the link of that mail. */
  signInWithCode(input: Confirmation | { readonly token: string }, options?: CallOptions): Promise<SignInStep<User>> {
    return this.step("/v1/auth/sign-in/email/confirm", input, options, false);
  }

  /** The second factor, where a step said `next: "factor"`. */
  confirmFactor(
    input: { readonly flow: string } & ({ readonly code: string } | { readonly recoveryCode: string }),
    options?: CallOptions,
  ): Promise<SignInStep<User>> {
    return this.step("/v1/auth/sign-in/factor", input, options, false);
  }

  /** A user without a name, who may sign up later and keep everything. */
  signInAnonymously(options?: CallOptions): Promise<SignInStep<User>> {
    return this.step("/v1/auth/sign-in/anonymous", {}, options);
  }

  /**
   * Begins to sign in at a provider: open `url` in the system's browser, and give the address that it comes back with to
   * {@link Auth.completeRedirect}. `redirect` is exactly one of the addresses allowed in the console.
   */
  async signInWith(provider: string, { redirect }: { readonly redirect: string }): Promise<{ url: string }> {
    const path = authPath("oauth", provider, "/start");
    const leaving = await depart(`${this.key}.oauth`, this.store, this.crypto(), { provider, link: false });
    const query = Object.entries({ ...this.which(), redirect, ...leaving });
    return {
      url: `${this.base}${path}?${query.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&")}`,
    };
  }

  /** The way back from a provider; undefined when the address is none. */
  async completeRedirect(url: string, options?: CallOptions): Promise<SignInStep<User> | undefined> {
    const arrived = await arrive(`${this.key}.oauth`, this.store, url);
    if (arrived === undefined) return undefined;
    const { code, departure } = arrived;
    const body = { code, codeVerifier: departure.verifier };
    if (!departure.link) return this.step("/v1/auth/oauth/exchange", body, options, false);
    await this.own.send({ method: "POST", path: "/v1/auth/identities/confirm", body }, options);
    const user = await this.reload(options);
    return user && this.account ? { next: "done", user, account: this.account } : undefined;
  }

  /** By an id token that the platform gave the app, with the nonce the app made for it. */
  signInWithIdToken(
    input: { readonly provider: string; readonly idToken: string; readonly nonce: string },
    options?: CallOptions,
  ): Promise<SignInStep<User>> {
    return this.step("/v1/auth/sign-in/id-token", input, options);
  }

  /**
   * Signs out, here at once and without a network too: the server hears of it at the next contact. `all`: everywhere.
   * `others`: everywhere else, which needs the network.
   */
  async signOut({ scope = "this" }: { readonly scope?: "this" | "others" | "all" } = {}): Promise<void> {
    await this.ready();
    const { held } = this.holder;
    if (held === undefined) return;
    if (scope === "others") {
      await this.own.send({ method: "POST", path: "/v1/auth/sign-out", body: { scope } });
      return;
    }
    const { accessToken, refreshToken } = held;
    await this.signOuts.add({ accessToken, refreshToken, scope });
    await this.holder.drop("signedOut");
    await this.signOuts.send();
  }

  /** Ends the user's other sessions. */
  async changePassword(
    input: { readonly currentPassword?: string; readonly password: string },
    options?: CallOptions,
  ): Promise<void> {
    await this.own.send({ method: "POST", path: "/v1/auth/password", body: input }, options);
  }

  /** Sends a mail with a code and a link to set another password; whether the address is known is not told. */
  async resetPassword(email: string, options?: CallOptions): Promise<{ flow: string; expiresAt: string }> {
    return this.begin("/v1/auth/password/reset", { email }, options);
  }

  /** Sets the password by the code or the link of that mail, and ends every session. */
  confirmPasswordReset(
    input: (Confirmation | { readonly token: string }) & { readonly password: string },
    options?: CallOptions,
  ): Promise<SignInStep<User>> {
    return this.step("/v1/auth/password/reset/confirm", input, options, false);
  }

  private async begin(
    path: string,
    input: object,
    options?: CallOptions,
  ): Promise<{ flow: string; expiresAt: string }> {
    const { json } = await this.open.send({ method: "POST", path, body: { ...this.which(), ...input } }, options);
    return json as { flow: string; expiresAt: string };
  }

  /** One call of a sign-in. What was begun for a collection stays with it: only the first call of a flow names one. */
  private async step(path: string, input: object, options?: CallOptions, isFirst = true): Promise<SignInStep<User>> {
    const device = await this.device();
    const body = { ...(isFirst && this.which()), ...input, ...(device && { device }) };
    const as = this.account?.anonymous === true && path.startsWith("/v1/auth/sign-up") ? this.own : this.open;
    return this.taken(await as.send({ method: "POST", path, body }, options));
  }

  private async taken({ status, json }: Answer): Promise<SignInStep<User>> {
    // The answer itself says `factor` or `enrol`; one that only says where its flow goes on waits for a mail.
    if (status === 202) return { next: "confirm", ...(json as { flow: string; expiresAt: string }) };
    const answer = json as SignedIn;
    const { deviceId } = answer.session;
    if (deviceId !== null) await this.store.setItem(`${this.key}.device`, deviceId);
    await this.holder.take(answer, "signedIn");
    void this.signOuts.send();
    return { next: "done", user: answer.user as User, account: answer.account };
  }

  /** Known again at the next sign-in, also after signing out: no mail about a new device. */
  private async device(): Promise<(DeviceInput & { readonly id?: string }) | undefined> {
    const id = await this.store.getItem(`${this.key}.device`);
    const { device } = this.options;
    return id === null && device === undefined ? undefined : { ...device, ...(id !== null && { id }) };
  }

  private which(): { readonly collection?: string } {
    return this.options.collection === undefined ? {} : { collection: this.options.collection };
  }

  private crypto(): CryptoLike | undefined {
    return this.options.crypto ?? (globalThis as Surroundings).crypto;
  }

  private async list<Item>(path: string, options?: CallOptions): Promise<Item[]> {
    const { json } = await this.own.send({ method: "GET", path }, options);
    return (json as { items: Item[] }).items;
  }

  private deviceCalls(): Auth["devices"] {
    return {
      list: (options) => this.list("/v1/auth/devices", options),
      rename: async (id, name, options) => {
        await this.own.send({ method: "PATCH", path: authPath("devices", id), body: { name } }, options);
      },
      revoke: async (id, options) => {
        await this.own.send({ method: "DELETE", path: authPath("devices", id) }, options);
      },
    };
  }

  private sessionCalls(): Auth["sessions"] {
    return {
      list: (options) => this.list("/v1/auth/sessions", options),
      end: async (id, options) => {
        await this.own.send({ method: "DELETE", path: authPath("sessions", id) }, options);
      },
    };
  }

  private identityCalls(): Auth["identities"] {
    return {
      list: (options) => this.list("/v1/auth/identities", options),
      link: async (provider, { redirect }, options) => {
        authPath("oauth", provider);
        const leaving = await depart(`${this.key}.oauth`, this.store, this.crypto(), { provider, link: true });
        const body = { provider, redirect, ...leaving };
        return (await this.own.send({ method: "POST", path: "/v1/auth/identities", body }, options)).json as {
          url: string;
        };
      },
      unlink: async (id, options) => {
        await this.own.send({ method: "DELETE", path: authPath("identities", id) }, options);
      },
    };
  }
}

/** What the user typed from a mail, with the flow that the mail was sent for. */
interface Confirmation {
  readonly flow: string;
  readonly code: string;
}
