// Passkeys (WebAuthn): discoverable, with the user verified on the device, so one is possession and knowledge at once and needs no
// second step. The challenge waits in a one-time flow and is spent before anything is checked. The relying party is the public
// URL's host; native apps come from the settings (`apps`).
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from "@simplewebauthn/server";
import type { z } from "zod";
import type { Context } from "../kernel/context.ts";
import { uuidv7 } from "../kernel/ids.ts";
import type { AccountRow } from "./account-store.ts";
import type { AuthSettings } from "./auth-settings.ts";
import type { Challenges, MadeChallenge } from "./challenge.ts";
import { errors } from "./errors.ts";
import {
  countPasskeys,
  insertPasskey,
  listPasskeys,
  type PasskeyRow,
  passkeyById,
  usePasskey,
} from "./passkey-store.ts";
import { assertionOf, attestationOf, type attestationSchema, type GivenPasskey } from "./passkey-types.ts";

const flowMs = 5 * 60_000;
const passkeysPerAccountMax = 20;
/** RFC 8176: a key in hardware or software of the user's, its user verified, which makes two factors. */
const passkeyAmr = ["hwk", "user", "mfa"] as const;

interface Begun {
  readonly flow: string;
  readonly options: object;
  readonly expiresAtMs: number;
}

export interface NewPasskeyAnswer {
  readonly flow: string;
  readonly name: string;
  readonly credential: z.output<typeof attestationSchema>;
}

export interface Passkeys {
  /** Options to show a passkey with, in this collection; of whoever has one. */
  beginShow(ctx: Context, collectionId: number): Promise<Begun>;
  /** Whose passkey it is; only of `accountId` where that is given. On the pool. Rejects with `passkey_invalid` (401). */
  show(ctx: Context, given: GivenPasskey, only?: { readonly accountId: string }): Promise<{ readonly accountId: string; readonly collectionId: number; readonly amr: readonly string[] }>; // biome-ignore format: one line
  /** Options to make one with. Rejects with `passkey_limit` (422). */
  beginAdd(ctx: Context, account: AccountRow): Promise<Begun>;
  /** Rejects with `passkey_invalid` (401) or `passkey_taken` (409). */
  add(ctx: Context, account: AccountRow, answer: NewPasskeyAnswer): Promise<PasskeyRow>;
}

export interface PasskeyDeps {
  readonly challenges: Challenges;
  readonly publicUrl: string;
  readonly settingsOf: (db: Context["db"], collectionId: number) => Promise<AuthSettings>;
}

/** In a flow: the challenge, and at registration the user handle. */
interface Waiting {
  readonly challenge: string;
  readonly userHandle?: string;
}

export function createPasskeys({ challenges, publicUrl, settingsOf }: PasskeyDeps): Passkeys {
  const { hostname: rpId, origin } = new URL(publicUrl);
  const originsOf = async (ctx: Context, collectionId: number) => [
    origin,
    ...(await settingsOf(ctx.db, collectionId)).apps.android.flatMap((app) => app.fingerprints.map(apkOrigin)),
  ];
  const begun = (made: MadeChallenge, options: object): Begun => ({
    ...{ flow: made.secret, options, expiresAtMs: made.expiresAtMs },
  });

  return {
    async beginShow(ctx, collectionId) {
      const options = await generateAuthenticationOptions({
        rpID: rpId,
        userVerification: "required",
        timeout: flowMs,
      });
      const data: Waiting = { challenge: options.challenge };
      const flow = { purpose: "passkeySignIn", lifeMs: flowMs, collectionId, data } as const;
      return begun(await challenges.make(ctx.db, flow, ctx.nowMs), options);
    },

    async show(ctx, given, only) {
      const flow = await challenges.spend(ctx.db, "passkeySignIn", given.flow, ctx.nowMs);
      const passkey = await passkeyById(ctx.db, given.credential.id);
      if (flow?.collectionId == null || passkey === undefined) throw errors.passkey_invalid();
      const { id, accountId, userHandle } = passkey;
      if (only !== undefined && only.accountId !== accountId) throw errors.passkey_invalid();
      const said = given.credential.response.userHandle;
      if (said != null && said !== userHandle) throw errors.passkey_invalid();
      const checked = await verifyAuthenticationResponse({
        response: assertionOf(given),
        expectedChallenge: (flow.data as Waiting).challenge,
        expectedOrigin: await originsOf(ctx, flow.collectionId),
        expectedRPID: rpId,
        requireUserVerification: true,
        // The counter is judged where it is stored, under the row's lock.
        credential: { id, publicKey: new Uint8Array(passkey.publicKey), counter: 0 },
      }).catch(refuse);
      if (!checked.verified) throw errors.passkey_invalid();
      const { newCounter: counter, credentialBackedUp: backedUp } = checked.authenticationInfo;
      if (!(await usePasskey(ctx.db, id, { counter, backedUp }, ctx.nowMs))) {
        ctx.log.warn({ event: "passkey_counter", accountId }, "a passkey's counter went back: it may have been copied");
        throw errors.passkey_invalid();
      }
      return { accountId, collectionId: flow.collectionId, amr: passkeyAmr };
    },

    async beginAdd(ctx, account) {
      const there = await listPasskeys(ctx.db, account.id);
      if (there.length >= passkeysPerAccountMax) throw errors.passkey_limit({ params: { max: passkeysPerAccountMax } });
      // One handle for all passkeys of an account, random: an authenticator replaces what it had for the same handle (§5.4.3).
      const userHandle = there[0]?.userHandle ?? Buffer.from(uuidv7(ctx.nowMs)).toString("base64url");
      const options = await generateRegistrationOptions({
        rpName: rpId,
        rpID: rpId,
        userID: new Uint8Array(Buffer.from(userHandle, "base64url")),
        userName: account.email ?? account.username ?? account.recordId,
        attestationType: "none",
        timeout: flowMs,
        excludeCredentials: there.map(({ id, transports }) => ({ id, transports: [...transports] })),
        authenticatorSelection: { residentKey: "required", userVerification: "required" },
      });
      const data: Waiting = { challenge: options.challenge, userHandle };
      const { id: accountId, collectionId } = account;
      const flow = { purpose: "passkeyAdd", lifeMs: flowMs, collectionId, accountId, data } as const;
      return begun(await challenges.make(ctx.db, flow, ctx.nowMs), options);
    },

    async add(ctx, account, { flow: secret, name, credential: given }) {
      const flow = await challenges.spend(ctx.db, "passkeyAdd", secret, ctx.nowMs);
      if (flow?.accountId !== account.id) throw errors.passkey_invalid();
      const { challenge, userHandle = "" } = flow.data as Waiting;
      const checked = await verifyRegistrationResponse({
        response: attestationOf(given),
        expectedChallenge: challenge,
        expectedOrigin: await originsOf(ctx, account.collectionId),
        expectedRPID: rpId,
        requireUserVerification: true,
      }).catch(refuse);
      if (!checked.verified) throw errors.passkey_invalid();
      const { credential, aaguid, credentialBackedUp: backedUp } = checked.registrationInfo;
      if ((await countPasskeys(ctx.db, account.id)) >= passkeysPerAccountMax) throw errors.passkey_limit({ params: { max: passkeysPerAccountMax } }); // biome-ignore format: one line
      const { id, publicKey, counter, transports = [] } = credential;
      const { id: accountId, collectionId } = account;
      const made = { ...{ id, accountId, collectionId, name, userHandle, counter, backedUp, aaguid }, transports, publicKey: Buffer.from(publicKey) }; // biome-ignore format: one line
      const row = await insertPasskey(ctx.db, made, ctx.nowMs);
      if (row === undefined) throw errors.passkey_taken();
      return row;
    },
  };
}

/** Whatever is wrong with an answer, its sender is told only that it is. */
const refuse = (cause: unknown): never => {
  throw errors.passkey_invalid({ cause });
};

/** How Android names an app to a server: by the certificate that signed it. */
export const apkOrigin = (fingerprint: string) =>
  `android:apk-key-hash:${Buffer.from(fingerprint.replaceAll(":", ""), "hex").toString("base64url")}`;
