// What a signed-in user looks after: devices, sessions, identities, second factors, passkeys. One group of calls each, over a
// transport that sends as the user.
import type { Device, Factor, FactorOffer, Identity, Passkey, UserSession } from "./auth-types.ts";
import { LandfallError } from "./error.ts";
import { authPath } from "./paths.ts";
import type { CallOptions, Request, Transport } from "./transport.ts";

/**
 * The calls of `lf.auth.devices`.
 *
 * @example
 * ```ts
 * const names = async (devices: DeviceCalls) => (await devices.list()).map(({ name }) => name);
 * ```
 */
export interface DeviceCalls {
  list(options?: CallOptions): Promise<Device[]>;
  rename(id: string, name: string, options?: CallOptions): Promise<void>;
  /** Ends every session there; the app on it wipes what it had stored at its next contact. */
  revoke(id: string, options?: CallOptions): Promise<void>;
}

/**
 * The calls of `lf.auth.sessions`.
 *
 * @example
 * ```ts
 * const endOne = (sessions: SessionCalls, id: string) => sessions.end(id);
 * ```
 */
export interface SessionCalls {
  list(options?: CallOptions): Promise<UserSession[]>;
  end(id: string, options?: CallOptions): Promise<void>;
}

/**
 * The calls of `lf.auth.factors`: second factors, which a sign-in then asks for.
 *
 * @example
 * ```ts
 * const enrol = async (factors: FactorCalls, code: (qr: string) => Promise<string>) => {
 *   const { id, qr } = await factors.begin({ name: "Ann's phone" });
 *   return factors.confirm(id, await code(qr)); // recovery codes, shown this once
 * };
 * ```
 */
export interface FactorCalls {
  list(options?: CallOptions): Promise<{ items: Factor[]; recoveryCodesLeft: number }>;
  /** Needs a recent sign-in, or {@link Auth.stepUp}. Counts once it is confirmed. */
  begin(input?: { readonly name?: string }, options?: CallOptions): Promise<FactorOffer>;
  /** Answers recovery codes, which are shown this once. */
  confirm(id: string, code: string, options?: CallOptions): Promise<{ recoveryCodes: string[] }>;
  remove(id: string, options?: CallOptions): Promise<void>;
  /** Those from before are void. */
  renewRecoveryCodes(options?: CallOptions): Promise<{ recoveryCodes: string[] }>;
}

/**
 * Makes and uses passkeys. Browsers do by themselves; a native app passes what wraps its platform's.
 *
 * @example
 * ```ts
 * const platform: PasskeyPlatform = {
 *   create: async (options) => ({ id: "…", type: "public-key", options }),
 *   get: async (options) => ({ id: "…", type: "public-key", options }),
 * };
 * const app = createClient({ url: "http://localhost:4710", schema, auth: { passkeys: platform } });
 * ```
 */
export interface PasskeyPlatform {
  /** WebAuthn's creation options as JSON; answers the credential as JSON. */
  create(options: object): Promise<object>;
  /** WebAuthn's request options as JSON; answers the assertion as JSON. */
  get(options: object): Promise<object>;
}

/**
 * The calls of `lf.auth.passkeys`.
 *
 * @example
 * ```ts
 * const addOne = (passkeys: PasskeyCalls) => passkeys.add({ name: "Ann's phone" });
 * ```
 */
export interface PasskeyCalls {
  list(options?: CallOptions): Promise<Passkey[]>;
  /** Asks the device for one. Needs a recent sign-in, or {@link Auth.stepUp}. */
  add(input?: { readonly name?: string }, options?: CallOptions): Promise<Passkey>;
  rename(id: string, name: string, options?: CallOptions): Promise<void>;
  remove(id: string, options?: CallOptions): Promise<void>;
}

/** What `PublicKeyCredential` has for JSON, which browsers have had since 2025. */
interface WebAuthn {
  readonly PublicKeyCredential?: {
    parseCreationOptionsFromJSON?(options: object): object;
    parseRequestOptionsFromJSON?(options: object): object;
  };
  readonly navigator?: {
    readonly credentials?: Record<"create" | "get", (options: object) => Promise<{ toJSON(): object } | null>>;
  };
}

export const browserPasskeys: PasskeyPlatform = {
  create: (options) => asked("create", "parseCreationOptionsFromJSON", options),
  get: (options) => asked("get", "parseRequestOptionsFromJSON", options),
};

async function asked(
  call: "create" | "get",
  parser: "parseCreationOptionsFromJSON" | "parseRequestOptionsFromJSON",
  options: object,
): Promise<object> {
  const { PublicKeyCredential, navigator } = globalThis as WebAuthn;
  const publicKey = PublicKeyCredential?.[parser]?.(options);
  if (publicKey === undefined || navigator?.credentials === undefined)
    throw new LandfallError({
      code: "unsupported",
      message: "This runtime has no passkeys.",
      advice: "Offer another way to sign in, or pass createClient({ auth: { passkeys } }).",
    });
  try {
    const credential = await navigator.credentials[call]({ publicKey });
    if (credential !== null) return credential.toJSON();
  } catch (cause) {
    throw cancelled(cause);
  }
  throw cancelled();
}

/** Browsers tell a user who said no and a device without a passkey alike, so that no page learns which. */
const cancelled = (cause?: unknown) =>
  new LandfallError({ code: "passkey_cancelled", message: "No passkey was given.", advice: "Try again, or sign in another way.", cause }); // biome-ignore format: one line

export function createCalls(own: Transport, passkeys: PasskeyPlatform) {
  const send = async <Body>(method: Request["method"], path: string, body?: object, options?: CallOptions) =>
    (await own.send({ method, path, ...(body && { body }) }, options)).json as Body;
  const items = async <Item>(path: string, options?: CallOptions) =>
    (await send<{ items: Item[] }>("GET", path, undefined, options)).items;
  const devices: DeviceCalls = {
    list: (options) => items("/v1/auth/devices", options),
    rename: async (id, name, options) => send("PATCH", authPath("devices", id), { name }, options),
    revoke: async (id, options) => send("DELETE", authPath("devices", id), undefined, options),
  };
  const sessions: SessionCalls = {
    list: (options) => items("/v1/auth/sessions", options),
    end: async (id, options) => send("DELETE", authPath("sessions", id), undefined, options),
  };
  const factors: FactorCalls = {
    list: (options) => send("GET", "/v1/auth/factors", undefined, options),
    begin: (input = {}, options) => send("POST", "/v1/auth/factors", input, options),
    confirm: async (id, code, options) => send("POST", authPath("factors", id, "/confirm"), { code }, options),
    remove: async (id, options) => send("DELETE", authPath("factors", id), undefined, options),
    renewRecoveryCodes: (options) => send("POST", "/v1/auth/factors/recovery-codes", {}, options),
  };
  const passkeyCalls: PasskeyCalls = {
    list: (options) => items("/v1/auth/passkeys", options),
    add: async ({ name } = {}, options) => {
      const begun = await send<PasskeyFlow>("POST", "/v1/auth/passkeys/options", {}, options);
      const credential = await passkeys.create(begun.options);
      const body = { flow: begun.flow, credential, ...(name !== undefined && { name }) };
      return send<Passkey>("POST", "/v1/auth/passkeys", body, options);
    },
    rename: async (id, name, options) => {
      await send("PATCH", authPath("passkeys", id), { name }, options);
    },
    remove: async (id, options) => send("DELETE", authPath("passkeys", id), undefined, options),
  };
  const identities = {
    list: (options?: CallOptions) => items<Identity>("/v1/auth/identities", options),
    unlink: async (id: string, options?: CallOptions) =>
      send<void>("DELETE", authPath("identities", id), undefined, options),
  };
  return { devices, sessions, factors, passkeys: passkeyCalls, identities };
}

export interface PasskeyFlow {
  readonly flow: string;
  readonly options: object;
}
