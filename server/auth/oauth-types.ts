// The shapes of providers: how an admin sets one up, what a sign-in carries between its steps, and what a provider says of a user.
import { z } from "zod";
import type { Issue } from "../kernel/errors/index.ts";
import { errors } from "./errors.ts";
import { isAppleKey } from "./oauth-apple-secret.ts";
import { type Preset, type Presets, type ProfileClaim, presetNames, profileClaims } from "./oauth-presets.ts";

const time = z.iso.datetime();
const word = z.string().min(1).max(200).regex(/^[!-~]+$/, "holds more than printable ASCII"); // biome-ignore format: one line

export const providerName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,30}$/, "is no name: lower-case letters, digits and hyphens")
  .meta({ description: "The provider's name in this collection; part of its callback address.", example: "google" });

const fieldName = z.string().regex(/^[a-z][A-Za-z0-9]{0,62}$/, "is no field's name");

const appleSchema = z.strictObject({
  teamId: z.string().regex(/^[A-Z0-9]{10}$/, "has ten characters"),
  keyId: z.string().regex(/^[A-Z0-9]{10}$/, "has ten characters"),
});

const config = {
  preset: z.enum(presetNames).meta({ description: "What kind of provider it is; `oidc` is any by its issuer." }),
  enabled: z.boolean().default(true),
  label: z.string().min(1).max(50).optional().meta({ description: "On the button. Default: the preset's." }),
  clientId: word,
  issuer: z
    .url({ protocol: /^https?$/ })
    .max(300)
    .optional()
    .meta({ description: "Instead of the preset's." }),
  scopes: z.array(word).min(1).max(30).optional().meta({ description: "Instead of the preset's." }),
  audiences: z.array(word).max(20).default([]).meta({ description: "Client ids of native apps whose id tokens are taken too." }), // biome-ignore format: one line
  fields: z
    .record(fieldName, z.enum(profileClaims))
    .default({})
    .meta({ description: "Fields of a new user's record, and which claim fills each." }),
  apple: appleSchema.optional().meta({ description: "With the preset `apple`, whose secret is the key file (.p8)." }),
};

export const providerInputSchema = z
  .strictObject({
    ...config,
    clientSecret: z
      .string()
      .min(1)
      .max(10_000)
      .optional()
      .meta({ description: "Shown by no answer. Left out: the stored one stays." }),
  })
  .meta({ id: "SignInProviderInput", description: "How to reach a provider of sign-in." });

export const providerSchema = z
  .object({
    name: z.string(),
    ...config,
    hasSecret: z.boolean(),
    redirectUrl: z.string().meta({ description: "To be registered at the provider." }),
    updatedAt: time,
  })
  .meta({ id: "SignInProvider", description: "A provider of sign-in, without its secret." });

const stored = z.strictObject(config);
export type ProviderConfig = z.output<typeof stored>;
export type ProviderInput = z.output<typeof providerInputSchema>;

/** What somebody is elsewhere. The address counts only when `emailVerified` says that the provider vouches for it. */
export interface UpstreamIdentity {
  readonly provider: string;
  readonly issuer: string;
  readonly subject: string;
  readonly email: string | null;
  readonly emailVerified: boolean;
  readonly profile: { readonly [claim in ProfileClaim]?: string };
}

/** A provider as it stands, ready to be spoken to. */
export interface Provider {
  readonly id: string;
  readonly name: string;
  readonly revision: number;
  readonly config: ProviderConfig;
  readonly preset: Preset;
  readonly secret: string | undefined;
  /** Where it is discovered, or half of the identity of its users; config before preset. */
  readonly issuer: string;
  readonly redirectUrl: string;
}

/** What is wrong between the members of a configuration. Throws `provider_invalid` (422). */
export function checkProvider(input: ProviderInput, presets: Presets, hasSecret: boolean): ProviderConfig {
  const { clientSecret, ...kept } = input;
  const preset = presets[input.preset];
  const issues: Issue[] = [];
  const wrong = (path: string, message: string) => issues.push({ path, code: "invalid", message });
  if (preset.issuer === undefined && input.issuer === undefined) wrong("/issuer", "This preset needs an issuer.");
  if (preset.endpoints !== undefined && input.issuer !== undefined)
    wrong("/issuer", "This preset has one issuer only.");
  if (preset.clientAuth === "apple" && input.apple === undefined) wrong("/apple", "Apple needs teamId and keyId.");
  if (clientSecret === undefined && !hasSecret) wrong("/clientSecret", "A new provider needs its secret.");
  if (preset.clientAuth === "apple" && clientSecret !== undefined && !isAppleKey(clientSecret))
    wrong("/clientSecret", "Apple's secret is the text of the .p8 file.");
  if (issues.length > 0) throw errors.provider_invalid({ issues });
  return kept;
}
