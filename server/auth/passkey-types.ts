// The shapes of passkeys over HTTP. What browsers answer is bounded here and checked by the WebAuthn library.
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from "@simplewebauthn/server";
import { z } from "zod";
import type { PasskeyRow } from "./passkey-store.ts";

const time = z.iso.datetime();
const base64url = (max: number) => z.string().max(max).regex(/^[A-Za-z0-9_-]*$/, "is not base64url"); // biome-ignore format: one line
const credentialId = base64url(1_400).min(1);

const credential = <Response extends z.ZodType>(response: Response) =>
  z.object({ id: credentialId, rawId: credentialId, type: z.literal("public-key"), response });

/** `PublicKeyCredential.toJSON()` of an answer to `get`. Members that are not needed are left aside. */
const assertionSchema = credential(
  z.object({
    clientDataJSON: base64url(20_000),
    authenticatorData: base64url(20_000),
    signature: base64url(4_000),
    userHandle: base64url(200).nullish(),
  }),
);

/** The same of an answer to `create`. */
export const attestationSchema = credential(
  z.object({
    clientDataJSON: base64url(20_000),
    attestationObject: base64url(60_000),
    transports: z.array(z.string().max(30)).max(10).optional(),
  }),
).meta({
  id: "PasskeyAttestation",
  description: "`PublicKeyCredential.toJSON()` of an answer to `navigator.credentials.create`.",
});

const flow = z.string().max(100).meta({ description: "As the options came with it." });
export const givenPasskeySchema = z.strictObject({ flow, credential: assertionSchema }).meta({
  id: "GivenPasskey",
  description: "The flow of the options, and `PublicKeyCredential.toJSON()` of the answer.",
});
export type GivenPasskey = z.output<typeof givenPasskeySchema>;

export const assertionOf = ({ credential: given }: GivenPasskey): AuthenticationResponseJSON => {
  const { userHandle, ...response } = given.response;
  return {
    ...given,
    response: { ...response, ...(userHandle != null && { userHandle }) },
    clientExtensionResults: {},
  };
};
export const attestationOf = (given: z.output<typeof attestationSchema>): RegistrationResponseJSON => {
  const { transports, ...response } = given.response;
  return {
    ...given,
    response: { ...response, ...(transports !== undefined && { transports }) },
    clientExtensionResults: {},
  };
};

export const passkeyOptionsSchema = z
  .object({ flow: z.string(), options: z.looseObject({ challenge: z.string() }), expiresAt: time })
  .meta({ id: "PasskeyOptions", description: "`options` are for `PublicKeyCredential.parse…OptionsFromJSON`." });

export const passkeyName = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[^\p{Cc}]*$/u, "holds control characters");

export const passkeySchema = z
  .object({
    id: z.string(),
    name: z.string(),
    /** It is kept in an account of the platform, and will survive the device. */
    backedUp: z.boolean(),
    transports: z.array(z.string()),
    aaguid: z.string(),
    createdAt: time,
    lastUsedAt: time.nullable(),
  })
  .meta({ id: "Passkey", description: "A passkey of a user." });

export const passkeyView = (row: PasskeyRow) => ({
  ...{ id: row.id, name: row.name, backedUp: row.backedUp, transports: [...row.transports], aaguid: row.aaguid },
  ...{ createdAt: row.createdAt.toISOString(), lastUsedAt: row.lastUsedAt?.toISOString() ?? null },
});

const id = "q1bV0k0wQ3m8Wn5yH2dX0A";
const assertion = {
  ...{ id, rawId: id, type: "public-key" as const },
  response: {
    clientDataJSON: "eyJ0eXBlIjoid2ViYXV0aG4ifQ",
    authenticatorData: "SZYN5YgOjGh0NBcP",
    signature: "MEUCIQDx",
    userHandle: "n0d1aGFuZGxl",
  },
};
export const passkeyExamples = {
  passkey: {
    ...{ id, name: "Ann's phone", backedUp: true, transports: ["internal"], createdAt: "2026-01-01T00:00:00.000Z" },
    ...{ aaguid: "00000000-0000-0000-0000-000000000000", lastUsedAt: null },
  },
  options: {
    flow: "lf_one_…",
    options: { challenge: "Yk3c…", rpId: "app.example.com" },
    expiresAt: "2026-01-01T00:05:00.000Z",
  },
  given: { flow: "lf_one_…", credential: assertion },
  attestation: {
    ...{ id, rawId: id, type: "public-key" as const },
    response: {
      clientDataJSON: "eyJ0eXBlIjoid2ViYXV0aG4ifQ",
      attestationObject: "o2NmbXRkbm9uZQ",
      transports: ["internal"],
    },
  },
};
