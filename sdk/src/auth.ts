// `lf.auth`: signing in and out, and what a user does with their account. The verbs of `/v1/auth`, typed; the session itself
// is held in auth-session.ts.
import { browserPasskeys, createCalls, type DeviceCalls, type FactorCalls, type PasskeyCalls, type PasskeyFlow, type PasskeyPlatform, type SessionCalls } from "./auth-calls.ts"; // biome-ignore format: one line
import { createLock } from "./auth-lock.ts";
import { arrive, type CryptoLike, depart } from "./auth-redirect.ts";
import { SessionHolder } from "./auth-session.ts";
import { createSignOuts, type SignOuts } from "./auth-sign-outs.ts";
import { defaultStore, type TokenStore } from "./auth-store.ts";
import type { Account, AuthChange, DeviceInput, FactorOffer, Identity, SignedIn, SignInMethods, SignInStep } from "./auth-types.ts"; // biome-ignore format: one line
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
  /** Replaces the browser's passkeys, in native apps. */
  readonly passkeys?: PasskeyPlatform;
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
  readonly devices: DeviceCalls;
  /** The user's sessions. */
  readonly sessions: SessionCalls;
  /** Second factors. */
  readonly factors: FactorCalls;
  /** Passkeys. */
  readonly passkeys: PasskeyCalls;
  /** Who the user is at other providers. */
  readonly identities: {
    list(options?: CallOptions): Promise<Identity[]>;
    /** As {@link Auth.signInWith}, for whoever is signed in already; an anonymous user keeps their id and data. */
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
    const { identities, ...calls } = createCalls(this.own, options.passkeys ?? browserPasskeys);
    this.devices = calls.devices;
    this.sessions = calls.sessions;
    this.factors = calls.factors;
    this.passkeys = calls.passkeys;
    this.identities = { ...identities, link: (provider, target, call) => this.link(provider, target, call) };
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
   * {@link Auth.confirmSignUp}.
   */
  signUp(
    input: {
      readonly email: string;
      readonly password: string;
      readonly username?: string;
      readonly profile?: Readonly<Record<string, unknown>>;
      readonly locale?: string;
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
    return this.step("/v1/auth/sign-up/confirm", input, options, "flow");
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
    return this.begin("/v1/auth/sign-in/email", { email, ...(await this.device()) }, options);
  }

  /** By the code or the link of that mail. */
  signInWithCode(input: Confirmation | { readonly token: string }, options?: CallOptions): Promise<SignInStep<User>> {
    return this.step("/v1/auth/sign-in/email/confirm", input, options, "flow");
  }

  /** The second factor, where a step said `next: "factor"`. */
  confirmFactor(
    input: { readonly flow: string } & ({ readonly code: string } | { readonly recoveryCode: string }),
    options?: CallOptions,
  ): Promise<SignInStep<User>> {
    return this.step("/v1/auth/sign-in/factor", input, options, "flow");
  }

  /** Sets up the second factor that a step with `next: "enrol"` asks for; show its `qr`. */
  async beginEnrolment(flow: string, options?: CallOptions): Promise<FactorOffer> {
    return (await this.open.send({ method: "POST", path: "/v1/auth/sign-in/enrol", body: { flow } }, options)).json as FactorOffer; // biome-ignore format: one line
  }

  /** The first code of that factor, which ends the sign-in. The recovery codes are shown this once. */
  async confirmEnrolment(
    body: { readonly flow: string; readonly factor: string; readonly code: string },
    options?: CallOptions,
  ): Promise<SignInStep<User> & { readonly recoveryCodes: readonly string[] }> {
    const answer = await this.open.send({ method: "POST", path: "/v1/auth/sign-in/enrol/confirm", body }, options);
    const { recoveryCodes } = answer.json as { recoveryCodes: readonly string[] };
    return { ...(await this.taken(answer)), recoveryCodes };
  }

  /** By a passkey, which says by itself who it is. */
  async signInWithPasskey(options?: CallOptions): Promise<SignInStep<User>> {
    const { json } = await this.open.send(
      { method: "POST", path: "/v1/auth/sign-in/passkey/options", body: this.which() },
      options,
    );
    const { flow, options: asked } = json as PasskeyFlow;
    const credential = await (this.options.passkeys ?? browserPasskeys).get(asked);
    return this.step("/v1/auth/sign-in/passkey", { flow, credential }, options);
  }

  /** A user without a name, who adds a way to sign in later and keeps id and data. */
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
    if (!departure.link) return this.step("/v1/auth/oauth/exchange", body, options, "device");
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

  /** Sets the password by the code or the link of that mail, and ends every session; sign in with it then. */
  async confirmPasswordReset(
    input: (Confirmation | { readonly token: string }) & { readonly password: string },
    options?: CallOptions,
  ): Promise<void> {
    await this.open.send({ method: "POST", path: "/v1/auth/password/reset/confirm", body: input }, options);
  }

  /** Sends a code to the address the user has, or to the new one when they have none. Needs a recent sign-in. */
  changeEmail(email: string, options?: CallOptions): Promise<{ flow: string; expiresAt: string }> {
    return this.ownStep("/v1/auth/email", { email }, options);
  }

  /** The code of one side; answers the flow of the other side's, or undefined when the address is changed. */
  async confirmEmail(
    input: Confirmation,
    options?: CallOptions,
  ): Promise<{ flow: string; expiresAt: string } | undefined> {
    // biome-ignore format: one line
    const { status, json } = await this.own.send({ method: "POST", path: "/v1/auth/email/confirm", body: input }, options);
    if (status === 202) return json as { flow: string; expiresAt: string };
    await this.reload(options);
    return undefined;
  }

  /** Proves who is there once more, which sensitive changes ask for after a while (`step_up_required`). */
  async stepUp(
    proof: { readonly password: string } | { readonly code: string } | { readonly recoveryCode: string },
    options?: CallOptions,
  ): Promise<void> {
    await this.own.send({ method: "POST", path: "/v1/auth/step-up", body: proof }, options);
  }

  private async link(
    provider: string,
    { redirect }: { readonly redirect: string },
    options?: CallOptions,
  ): Promise<{ url: string }> {
    // biome-ignore format: one line
    authPath("oauth", provider);
    const leaving = await depart(`${this.key}.oauth`, this.store, this.crypto(), { provider, link: true });
    return this.ownStep("/v1/auth/identities", { provider, redirect, ...leaving }, options);
  }

  private async ownStep<Body>(path: string, body: object, options?: CallOptions): Promise<Body> {
    return (await this.own.send({ method: "POST", path, body }, options)).json as Body;
  }

  private async begin(
    path: string,
    input: object,
    options?: CallOptions,
  ): Promise<{ flow: string; expiresAt: string }> {
    const { json } = await this.open.send({ method: "POST", path, body: { ...this.which(), ...input } }, options);
    return json as { flow: string; expiresAt: string };
  }

  /** One call of a sign-in. The first one names collection and device; later ones of its flow stay with both. */
  private async step(
    path: string,
    input: object,
    options?: CallOptions,
    names: "all" | "device" | "flow" = "all",
  ): Promise<SignInStep<User>> {
    // biome-ignore format: one line
    const body = { ...(names === "all" && this.which()), ...input, ...(names !== "flow" && (await this.device())) };
    return this.taken(await this.open.send({ method: "POST", path, body }, options));
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
  private async device(): Promise<{ readonly device?: DeviceInput & { readonly id?: string } }> {
    const id = await this.store.getItem(`${this.key}.device`);
    const { device } = this.options;
    return id === null && device === undefined ? {} : { device: { ...device, ...(id !== null && { id }) } };
  }

  private which(): { readonly collection?: string } {
    return this.options.collection === undefined ? {} : { collection: this.options.collection };
  }

  private crypto(): CryptoLike | undefined {
    return this.options.crypto ?? (globalThis as Surroundings).crypto;
  }
}

/** What the user typed from a mail, with the flow that the mail was sent for. */
interface Confirmation {
  readonly flow: string;
  readonly code: string;
}
