// What the server tells of a user, in the words of docs/protocol: how they sign in, their sessions, their devices.
import type { CollectionName, RecordOf, SchemaShape } from "./schema.ts";

/**
 * The record of a signed-in user, typed by the schema: `lf.auth.user`. What their rules hide from them is absent.
 *
 * @example
 * ```ts
 * const greet = (user: UserOf<typeof schema, "users">) => `Hello ${user.name}`;
 * console.log(lf.auth.user === null ? "Hello" : greet(lf.auth.user)); // "Hello"
 * ```
 */
export type UserOf<Schema extends SchemaShape, Users extends string> =
  Users extends CollectionName<Schema>
    ? RecordOf<Schema, Users>
    : { readonly id: string; readonly [field: string]: unknown };

/**
 * How a user signs in. Their profile is the record, {@link UserOf}.
 *
 * @example
 * ```ts
 * const canUsePassword = (account: Account) => account.hasPassword && account.emailVerified;
 * console.log(lf.auth.account && canUsePassword(lf.auth.account)); // null
 * ```
 */
export interface Account {
  readonly email: string | null;
  readonly emailVerified: boolean;
  readonly username: string | null;
  readonly phone: string | null;
  /** Made by `signInAnonymously`, with no way in yet. */
  readonly anonymous: boolean;
  readonly hasPassword: boolean;
  readonly roles: readonly string[];
  readonly createdAt: string;
  readonly lastSignInAt: string | null;
}

/**
 * What an app says about the device it runs on; the user sees it in their list of devices.
 *
 * @example
 * ```ts
 * const device: DeviceInput = { name: "Ann's phone", platform: "ios", appVersion: "1.4.0" };
 * const app = createClient({ url: "http://localhost:4710", schema, auth: { device } });
 * ```
 */
export interface DeviceInput {
  readonly name?: string;
  /** Such as `ios`, `android`, `web`, `macos`. */
  readonly platform?: string;
  readonly appVersion?: string;
  readonly locale?: string;
  readonly timeZone?: string;
}

/**
 * A device a user signed in on.
 *
 * @example
 * ```ts
 * const lineOf = (device: Device) => `${device.name} (${device.platform}), ${device.place ?? device.address}`;
 * ```
 */
export interface Device {
  readonly id: string;
  /** The one that asks. */
  readonly current: boolean;
  readonly name: string;
  readonly platform: string;
  readonly appVersion: string | null;
  /** About where, when the server has a GeoIP file. */
  readonly place: string | null;
  readonly address: string;
  readonly agent: string;
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
  /** How many are open on it. */
  readonly sessions: number;
}

/**
 * A session of a user.
 *
 * @example
 * ```ts
 * const isElsewhere = (session: UserSession) => !session.current;
 * ```
 */
export interface UserSession {
  readonly id: string;
  /** The one that asks. */
  readonly current: boolean;
  readonly deviceId: string | null;
  /** How it was opened, by RFC 8176: `pwd`, `otp`, `hwk`, … */
  readonly amr: readonly string[];
  /** An admin opened it. */
  readonly impersonated: boolean;
  readonly address: string;
  readonly agent: string;
  readonly createdAt: string;
  readonly lastSeenAt: string;
  readonly expiresAt: string;
}

/**
 * The user's name at another provider.
 *
 * @example
 * ```ts
 * const labelOf = ({ provider, email }: Identity) => (email === null ? provider : `${provider}: ${email}`);
 * ```
 */
export interface Identity {
  readonly id: string;
  readonly provider: string;
  readonly issuer: string;
  readonly subject: string;
  /** As the provider named it last; not the account's own address. */
  readonly email: string | null;
  readonly createdAt: string;
  readonly lastUsedAt: string;
}

/**
 * A second factor.
 *
 * @example
 * ```ts
 * const isUnused = ({ lastUsedAt }: Factor) => lastUsedAt === null;
 * ```
 */
export interface Factor {
  readonly id: string;
  readonly kind: "totp";
  readonly name: string;
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
}

/**
 * An authenticator app to set up: show `qr`, or `secret` to type in.
 *
 * @example
 * ```ts
 * const imageOf = ({ qr }: FactorOffer) => `data:image/svg+xml,${encodeURIComponent(qr)}`;
 * ```
 */
export interface FactorOffer {
  readonly id: string;
  readonly secret: string;
  /** `otpauth:`, for a link on the phone itself. */
  readonly uri: string;
  /** SVG. */
  readonly qr: string;
}

/**
 * A passkey of the signed-in user.
 *
 * @example
 * ```ts
 * const lineOf = ({ name, backedUp }: Passkey) => (backedUp ? `${name} (synced)` : name);
 * ```
 */
export interface Passkey {
  readonly id: string;
  readonly name: string;
  readonly backedUp: boolean;
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
}

/**
 * What a sign-in screen may offer.
 *
 * @example
 * ```ts
 * const offersPassword = ({ methods }: SignInMethods) => methods.includes("password");
 * console.log(offersPassword(await lf.auth.methods())); // true
 * ```
 */
export interface SignInMethods {
  readonly signUp: "open" | "invited" | "closed";
  readonly methods: readonly string[];
  readonly providers: readonly { readonly name: string; readonly label: string }[];
  readonly passwordLengthMin: number;
}

/**
 * Where a sign-in has got to. `done`: somebody is signed in. `factor`: their second factor comes next, by
 * `confirmFactor({ flow, code })`. `enrol`: they must set one up first. `confirm`: a mail is on its way, and its code goes to
 * the method named for the step.
 *
 * @example
 * ```ts
 * const screenFor = (step: SignInStep<{ readonly id: string }>) =>
 *   step.next === "done" ? `/people/${step.user.id}` : `/sign-in/${step.next}/${step.flow}`;
 * ```
 */
export type SignInStep<User> =
  | { readonly next: "done"; readonly user: User; readonly account: Account }
  | { readonly next: "factor"; readonly flow: string; readonly factors: readonly string[]; readonly expiresAt: string }
  | { readonly next: "enrol"; readonly flow: string; readonly factors: readonly string[]; readonly expiresAt: string }
  | { readonly next: "confirm"; readonly flow: string; readonly expiresAt: string };

/**
 * What happened to the session of an {@link Auth}. `revoked`: the server ended it. `refreshed`: new tokens, same user.
 *
 * @example
 * ```ts
 * const stop = lf.auth.onChange((change: AuthChange<{ readonly id: string }>) => {
 *   if (change.event === "revoked") console.log("Please sign in again.");
 * });
 * stop();
 * ```
 */
export interface AuthChange<User> {
  readonly event: "signedIn" | "signedOut" | "revoked" | "refreshed" | "updated";
  readonly user: User | null;
}

/** An answer of the server that opens a session; `user` as the schema says. */
export interface SignedIn extends Tokens {
  readonly user: { readonly id: string };
  readonly account: Account;
}

export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly session: { readonly id: string; readonly deviceId: string | null; readonly expiresAt: string };
}
