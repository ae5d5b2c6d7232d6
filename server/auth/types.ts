// The shapes of this room's input and output, validated once at the door and exact inside.
import { z } from "zod";

/** Bounded before anything walks the string: a megabyte of password is refused without being counted. */
function codePoints(text: string, max: number): number {
  return text.length > 2 * max ? max + 1 : [...text].length;
}

const passwordLengthMin = 8;
const passwordLengthMax = 1_000;

/** HTML's own pattern for addresses: ASCII, no quoting, a host without dots is fine. */
export const addressForm =
  /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/;

/**
 * The one equality rule for admin e-mail addresses: ASCII only, compared lower-cased, nothing else folded (dots and `+tag`
 * count, no trimming). Every path (set-up, sign-in, command line, environment) goes through this schema.
 */
export const emailSchema = z
  .string()
  .max(254)
  .regex(addressForm, "is no e-mail address (ASCII only)")
  .toLowerCase()
  .meta({ example: "owner@example.com" });

/** A password being set. Taken verbatim; counted in code points. */
export const newPasswordSchema = z
  .string()
  .refine(
    (text) => codePoints(text, passwordLengthMax) <= passwordLengthMax && codePoints(text, 8) >= passwordLengthMin,
    `must have ${passwordLengthMin} to ${passwordLengthMax} characters`,
  )
  .meta({ minLength: passwordLengthMin, maxLength: passwordLengthMax });

/** A password being checked: too long is refused before anything is hashed, too short is merely wrong. */
export const givenPasswordSchema = z
  .string()
  .refine(
    (text) => codePoints(text, passwordLengthMax) <= passwordLengthMax,
    `must have at most ${passwordLengthMax} characters`,
  )
  .meta({ maxLength: passwordLengthMax });

const time = z.iso.datetime();

/** A list that is bounded and therefore always one page, in the shape of every list. */
export const pageOf = <Item extends z.ZodType>(item: Item) => z.object({ items: z.array(item), nextCursor: z.null() });

export const adminSchema = z
  .object({ id: z.string(), email: z.string(), role: z.enum(["owner"]) })
  .meta({ id: "Admin", description: "An administrator." });
export type Admin = z.output<typeof adminSchema>;

export const signedInSchema = z
  .object({
    token: z.string(),
    expiresAt: time,
    admin: adminSchema,
    /** The session came from a one-time password; set a new one with POST /v1/admin/password. */
    mustChangePassword: z.boolean(),
  })
  .meta({ id: "AdminSignedIn", description: "A new session with its token." });

export const sessionSchema = z
  .object({
    id: z.string(),
    current: z.boolean(),
    address: z.string(),
    agent: z.string(),
    createdAt: time,
    lastSeenAt: time,
    expiresAt: time,
  })
  .meta({ id: "AdminSession", description: "A session of an administrator." });

const actions = ["list", "get", "create", "update", "delete"] as const;
const extras = ["schema:read", "schema:write", "metrics"] as const;
const word = z.string().min(1).max(64);

const claimsSchema = z
  .record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,62}$/), z.unknown())
  .refine((claims) => JSON.stringify(claims).length <= 4_096, "must be at most 4,096 characters as JSON");

export const actAsSchema = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  roles: z.array(word).max(100).default([]),
  teams: z.array(word).max(100).default([]),
  claims: claimsSchema.default({}),
});
export type ActAs = z.output<typeof actAsSchema>;

const collectionsSchema = z.record(
  z.string().regex(/^(\*|[A-Za-z][A-Za-z0-9_]{0,62})$/, "is no collection name"),
  z.array(z.enum(actions)).min(1).max(actions.length),
);

const keyFields = {
  name: z.string().min(1).max(100),
  collections: collectionsSchema,
  readOnly: z.boolean(),
  extra: z.array(z.enum(extras)).max(extras.length),
  expiresAt: z.iso.datetime({ offset: true }).nullable(),
  actAs: actAsSchema.nullable(),
};

export const newApiKeySchema = z
  .strictObject({
    ...keyFields,
    collections: keyFields.collections.default({}),
    readOnly: keyFields.readOnly.default(false),
    extra: keyFields.extra.default([]),
    expiresAt: keyFields.expiresAt.default(null),
    actAs: keyFields.actAs.default(null),
  })
  .meta({ example: { name: "Website", collections: { posts: ["list", "get"] }, readOnly: true } });

/** Absent: unchanged. */
export const apiKeyPatchSchema = z
  .strictObject(keyFields)
  .partial()
  .meta({ example: { name: "Website, read and write", readOnly: false } });
export type ApiKeyPatch = z.output<typeof apiKeyPatchSchema>;

export const apiKeySchema = z
  .object({
    ...keyFields,
    id: z.string(),
    /** First characters and last four of the secret, to recognise it by. */
    prefix: z.string(),
    last4: z.string(),
    expiresAt: time.nullable(),
    createdBy: z.string(),
    createdAt: time,
    updatedAt: time,
    lastUsedAt: time.nullable(),
  })
  .meta({ id: "ApiKey", description: "An API key without its secret." });
export type ApiKey = z.output<typeof apiKeySchema>;

export const apiKeyWithSecretSchema = apiKeySchema
  .extend({ secret: z.string() })
  .meta({ id: "ApiKeyWithSecret", description: "An API key with its secret, which no later answer shows." });

/** For the OpenAPI document. No secret in it is one: none would be taken. */
export const examples = {
  signedIn: {
    token: "lf_ses_…",
    expiresAt: "2026-01-08T00:00:00.000Z",
    admin: { id: "0197a7d2-7c00-7000-8000-000000000001", email: "owner@example.com", role: "owner" as const },
    mustChangePassword: false,
  },
  session: {
    ...{ id: "0197a7d2-7c00-7000-8000-000000000002", current: true, address: "203.0.113.7", agent: "Mozilla/5.0" },
    ...{ createdAt: "2026-01-01T00:00:00.000Z", lastSeenAt: "2026-01-01T12:00:00.000Z" },
    expiresAt: "2026-01-08T00:00:00.000Z",
  },
  key: {
    ...{ id: "0197a7d2-7c00-7000-8000-000000000003", name: "Website", prefix: "lf_key_Ab3d", last4: "x9Yz" },
    ...{ collections: { posts: ["list" as const, "get" as const] }, readOnly: true, extra: [], actAs: null },
    ...{ createdBy: "admin:0197a7d2-7c00-7000-8000-000000000001", createdAt: "2026-01-01T00:00:00.000Z" },
    ...{ updatedAt: "2026-01-01T00:00:00.000Z", lastUsedAt: null, expiresAt: null },
  },
};
