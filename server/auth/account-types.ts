// The shapes of managing users, for admins.
import { z } from "zod";
import { userEmailSchema, usernameSchema } from "./account-handle.ts";
import { auditExample, auditSchema } from "./audit-types.ts";
import { newPasswordSchema } from "./types.ts";
import { accountSchema, deviceSchema, userExamples, userSchema, userSessionSchema } from "./user-types.ts";

const time = z.iso.datetime();
const nullableTime = time.nullable();

const word = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[^\p{Cc}\s:]+$/u, "holds a space, a colon or a control character");
/** What rules see as `auth.roles`. */
export const rolesSchema = z.array(word).max(100);
export const claimsSchema = z
  .record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,62}$/), z.unknown())
  .refine((claims) => JSON.stringify(claims).length <= 4_096, "must be at most 4,096 characters as JSON")
  .meta({ description: "What rules see as `auth.claims`, beside those that every user has.", example: { plan: "pro" } }); // biome-ignore format: one line
const localeSchema = z.string().max(35).regex(/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/, "is no language tag (BCP 47)"); // biome-ignore format: one line
export const reasonSchema = z.string().max(500).regex(/^[^\p{Cc}]*$/u, "holds control characters"); // biome-ignore format: one line

/** An account as its admins see it: never a hash, a seed or a code. */
export const managedAccountSchema = accountSchema
  .extend({
    id: z.string().meta({ description: "The user's id: `auth.id`." }),
    emailVerifiedAt: nullableTime,
    claims: z.record(z.string(), z.unknown()),
    locale: z.string().nullable(),
    suspendedAt: nullableTime,
    suspendedFor: z.string().nullable(),
    providers: z.array(z.string()),
    factors: z.number().int(),
    passkeys: z.number().int(),
  })
  .meta({ id: "ManagedAccount", description: "A user's account, for admins." });

const part = { id: z.string(), createdAt: time, lastUsedAt: nullableTime };
export const accountDetailSchema = managedAccountSchema
  .extend({
    user: userSchema,
    identities: z.array(z.object({ ...part, provider: z.string(), issuer: z.string(), subject: z.string(), email: z.string().nullable() })), // biome-ignore format: one line
    factorList: z.array(z.object({ ...part, kind: z.string(), name: z.string(), confirmed: z.boolean() })),
    passkeyList: z.array(z.object({ ...part, name: z.string() })),
    devices: z.array(deviceSchema),
    sessions: z.array(userSessionSchema.extend({ impersonatedBy: z.string().nullable() })),
    teams: z.array(z.object({ id: z.string(), name: z.string(), roles: z.array(z.string()) })),
    timeline: z.array(auditSchema).meta({ description: "The last 50 events, newest first." }),
  })
  .meta({ id: "AccountDetail", description: "A user with everything that lets them in." });

export const newAccountSchema = z
  .strictObject({
    email: userEmailSchema.optional(),
    emailVerified: z.boolean().default(false),
    username: usernameSchema.optional(),
    password: newPasswordSchema.optional(),
    profile: z.looseObject({}).default({}).meta({ description: "Fields of the record." }),
    roles: rolesSchema.default([]),
    claims: claimsSchema.default({}),
    locale: localeSchema.nullable().default(null),
  })
  .meta({ example: { email: "ann@example.com", emailVerified: true, profile: { name: "Ann" } } });
export type NewAccount = z.output<typeof newAccountSchema>;

/** Absent: unchanged. Null takes a name away. */
export const accountPatchSchema = z
  .strictObject({
    email: userEmailSchema.nullable(),
    emailVerified: z.boolean(),
    username: usernameSchema.nullable(),
    roles: rolesSchema,
    claims: claimsSchema,
    locale: localeSchema.nullable(),
  })
  .partial()
  .meta({ example: { roles: ["editor"] } });
export type AccountPatch = z.output<typeof accountPatchSchema>;

const flag = z.enum(["true", "false"]).optional();
export const accountQuerySchema = z.strictObject({
  q: z.string().min(1).max(254).optional().meta({ description: "An id, or how an e-mail address, user name or phone number begins.", example: "ann" }),
  state: z.enum(["active", "suspended", "anonymous"]).optional().meta({ description: "`active`: not suspended. `anonymous`: who has no way to sign in again.", example: "active" }),
  verified: flag.meta({ description: "Whether the e-mail address is proved.", example: "true" }),
  provider: z.string().max(64).optional().meta({ description: "Who has an identity there.", example: "google" }),
  factor: flag.meta({ description: "Whether there is a second factor or a passkey.", example: "false" }),
  createdFrom: time.optional().meta({ description: "Made at this time or later.", example: "2026-01-01T00:00:00.000Z" }),
  createdUntil: time.optional().meta({ description: "Made before this time.", example: "2026-02-01T00:00:00.000Z" }),
  signedInFrom: time.optional().meta({ description: "Last signed in at this time or later.", example: "2026-01-01T00:00:00.000Z" }),
  signedInUntil: time.optional().meta({ description: "Last signed in before this time.", example: "2026-02-01T00:00:00.000Z" }),
  limit: z.coerce.number().int().min(1).max(500).default(50).meta({ description: "Users on a page.", example: 50 }),
  cursor: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/).optional().meta({ description: "`nextCursor` of the page before.", example: "0197a7d2-7c00-7000-8000-000000000011" }),
  count: z.enum(["exact"]).optional().meta({ description: "Also counts all that match.", example: "exact" }),
}); // biome-ignore format: a table
export type AccountQuery = z.output<typeof accountQuerySchema>;

const at = "2026-01-01T00:00:00.000Z";
const managed = {
  ...userExamples.account,
  ...{ id: userExamples.user.id, emailVerifiedAt: at, claims: {}, locale: "en", suspendedAt: null, suspendedFor: null },
  ...{ providers: ["google"], factors: 1, passkeys: 0 },
};
const partExample = { id: "0197a7d2-7c00-7000-8000-000000000021", createdAt: at, lastUsedAt: at };
export const accountExamples = {
  managed,
  detail: {
    ...{ ...managed, user: userExamples.user, devices: [userExamples.device], passkeyList: [] },
    identities: [{ ...partExample, provider: "google", issuer: "https://accounts.google.com", subject: "1098", email: "ann@example.com" }], // biome-ignore format: one line
    factorList: [{ ...partExample, kind: "totp", name: "Phone", confirmed: true }],
    sessions: [{ ...userExamples.session, current: false, impersonatedBy: null }],
    teams: [{ id: "0197a7d2-7c00-7000-8000-000000000031", name: "Kitchen", roles: ["owner"] }],
    timeline: [auditExample],
  },
};
