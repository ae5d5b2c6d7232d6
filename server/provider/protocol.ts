// oidc-provider, loaded by the first request that needs it and made anew when a key begins to sign or a switch is turned. The
// library reads keys and features once; everything else it asks for each time.
import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type Provider from "oidc-provider";
import type { Client, ClientMetadata, KoaContextWithOIDC } from "oidc-provider";
import type { Logger } from "pino";
import type { SharedSignIn } from "../auth/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Db } from "../kernel/db/index.ts";
import { hashSecret, uuidv7 } from "../kernel/ids.ts";
import { installationSecret } from "../kernel/installation-secret.ts";
import type { MasterKey } from "../kernel/master-key.ts";
import { findAccount } from "./account.ts";
import { newClientSecret } from "./client.ts";
import { clientById } from "./client-store.ts";
import { policyOf } from "./interaction-policy.ts";
import { configurationOf, type SigningKey } from "./protocol-configuration.ts";
import { surround } from "./protocol-edges.ts";
import { firstRefreshToken, successorOf } from "./refresh-rotation.ts";
import { registerClient } from "./registration.ts";
import { readSettings } from "./settings.ts";
import { createSignedIn } from "./signed-in.ts";
import { adapterFor } from "./state-adapter.ts";
import { createStateStore } from "./state-store.ts";

export interface ProtocolDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Logger;
  readonly masterKey: MasterKey;
  readonly shared: SharedSignIn;
}

export interface Built {
  readonly provider: Provider;
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

export interface Protocol {
  /** Loads the library the first time. */
  current(): Promise<Built>;
}

const settingsFreshMs = 1_000;

export function createProtocol(deps: ProtocolDeps): Protocol {
  let made: { readonly by: string; readonly built: Promise<Built> } | undefined;
  let asked: { readonly atMs: number; readonly registration: boolean } | undefined;

  const registration = async () => {
    const nowMs = deps.clock.monotonicMs();
    if (asked === undefined || nowMs - asked.atMs >= settingsFreshMs)
      asked = { atMs: nowMs, registration: (await readSettings(deps.db)).registration };
    return asked.registration;
  };

  return {
    async current() {
      const [keys, canRegister] = [await deps.shared.keys.all(), await registration()];
      const by = JSON.stringify([keys.map(({ kid }) => kid), canRegister]);
      if (made?.by !== by) made = { by, built: build(deps, keys, canRegister) };
      const { built } = made;
      return built.catch((error: unknown) => {
        if (made?.built === built) made = undefined;
        throw error;
      });
    },
  };
}

async function build(deps: ProtocolDeps, keys: readonly SigningKey[], canRegister: boolean): Promise<Built> {
  const { db, masterKey, shared, log } = deps;
  const now = () => deps.clock.now();
  const { default: Library, errors, interactionPolicy } = await import("oidc-provider");
  const [cookieSecret, refreshSecret] = await Promise.all([
    installationSecret(db, masterKey, "oauthCookieSecret"),
    installationSecret(db, masterKey, "oauthRefreshSecret"),
  ]);
  const store = createStateStore(db, masterKey);
  const signedIn = createSignedIn(db, store, shared, now);
  const refuse = (message: string) => {
    throw new errors.InvalidClientMetadata(message);
  };
  const current = () => (Library as unknown as LibraryContext).ctx;
  const ending = (grantId: string) => endGrant(deps, grantId, current());
  const adapterDeps = {
    ...{ db, store, refreshSecret, now, endGrant: ending },
    register: (metadata: ClientMetadata) => registerClient(db, shared, metadata, { nowMs: now(), refuse }),
    alreadyUsed: () => new errors.InvalidGrant("it was used already"),
  };
  const { issuer, audience } = shared.accessTokens;
  const configuration = configurationOf({
    ...{ issuer, audience, keys, registration: canRegister },
    cookieKeys: [cookieSecret.toString("base64url")],
    adapter: (name: string) => adapterFor(name, adapterDeps),
    policy: policyOf(interactionPolicy, signedIn),
    accessTokenSeconds: (client) => accessTokenSeconds(deps, client),
    findAccount: (ctx, subject, source) => findAccount({ db, shared, log, now }, ctx, subject, source),
    loadGrant: (ctx) => loadGrant(deps, ctx),
    refuseResource: () => {
      throw new errors.InvalidTarget();
    },
    newClientId: () => uuidv7(now()),
    newClientSecret: () => newClientSecret().secret,
  });
  const provider = new Library(issuer, configuration);
  // Scheme, host and address are told by ourselves, never by the request: see mount.ts.
  provider.proxy = true;
  adjust(provider, () => nextRefreshToken(current(), refreshSecret));
  surround(provider, { db, shared, now, log, signedIn, endGrant: ending });
  const handle = provider.callback() as unknown as Built["handle"];
  return { provider, handle };
}

/** The request that the library works on, where it tells. */
interface LibraryContext {
  readonly ctx?: {
    readonly req: IncomingMessage;
    readonly oidc?: {
      readonly route?: string;
      readonly client?: Client;
      readonly entities: { readonly RotatedRefreshToken?: { readonly jti: string } };
    };
  };
}

/** A grant that ends at the token endpoint ends because something was used twice; elsewhere because somebody said so. */
async function endGrant({ db, shared, clock }: ProtocolDeps, grantId: string, ctx: LibraryContext["ctx"]) {
  await shared.endSession(db, {
    sessionId: grantId,
    event: ctx?.oidc?.route === "token" ? "refresh_reused" : "session_ended",
    by: ctx?.oidc?.client === undefined ? "anonymous" : `client:${ctx.oidc.client.clientId}`,
    requestId: String(ctx?.req.headers["x-request-id"] ?? ""),
    nowMs: clock.now(),
  });
}

function nextRefreshToken(ctx: LibraryContext["ctx"], secret: Buffer): string {
  const before = ctx?.oidc?.entities.RotatedRefreshToken;
  return before === undefined ? firstRefreshToken() : successorOf(secret, before.jti);
}

/** What the library leaves to those who subclass: how refresh tokens are made, and that a secret is known by its hash. */
function adjust(provider: Provider, newRefreshToken: () => string): void {
  const refreshTokens = provider.RefreshToken.prototype as unknown as { generateTokenId(): string };
  refreshTokens.generateTokenId = newRefreshToken;
  const clients = provider.Client.prototype as unknown as { compareClientSecret(given: string): boolean };
  clients.compareClientSecret = function compare(this: { readonly clientSecret?: string }, given) {
    const [expected, actual] = [Buffer.from(this.clientSecret ?? ""), Buffer.from(hashSecret(given))];
    return expected.length === actual.length && timingSafeEqual(expected, actual);
  };
}

async function accessTokenSeconds({ db, shared }: ProtocolDeps, { clientId }: Client): Promise<number> {
  const client = await clientById(db, clientId);
  if (client === undefined || client.collectionId === null) return 600;
  return Math.floor((await shared.settingsOf(db, client.collectionId)).session.accessMinutes * 60);
}

/** What this browser granted the client before, as long as its session counts. */
async function loadGrant({ db, shared, clock }: ProtocolDeps, ctx: KoaContextWithOIDC) {
  const { client, session, account, provider, result } = ctx.oidc;
  const known = client && session?.grantIdFor(client.clientId);
  const id = result?.consent?.grantId ?? known;
  if (id === undefined || (await shared.liveSession(db, id, clock.now())) === undefined) return undefined;
  const grant = await provider.Grant.find(id);
  return grant?.accountId === account?.accountId ? grant : undefined;
}
