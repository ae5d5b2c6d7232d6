// The shapes of users' sign-in, validated once at the door and exact inside.
import { z } from "zod";

const time = z.iso.datetime();
const printable = (max: number) => z.string().max(max).regex(/^[^\p{Cc}]*$/u, "holds control characters"); // biome-ignore format: one line

/** `collection` of every call before sign-in. */
export const collectionName = z
  .string()
  .max(100)
  .default("users")
  .meta({ description: "The collection of kind `auth` whose user it is.", example: "users" });

export const localeSchema = z
  .string()
  .max(35)
  .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/, "is no language tag")
  .optional()
  .meta({ description: "BCP 47: the language of mails.", example: "de" });

export const profileSchema = z
  .record(z.string(), z.unknown())
  .default({})
  .meta({ description: "Fields of the record that is made, under the create rule.", example: { name: "Ann" } });

export const deviceInputSchema = z
  .strictObject({
    id: z.string().max(64).optional().meta({ description: "As an earlier sign-in on this device answered it." }),
    name: printable(100).optional(),
    platform: printable(30).optional().meta({ description: "Such as `ios`, `android`, `web`, `macos`." }),
    appVersion: printable(50).optional(),
    locale: printable(35).optional(),
    timeZone: printable(64).optional(),
  })
  .meta({
    id: "DeviceInput",
    description: "What the app says about the device it runs on.",
    example: { name: "Ann's phone", platform: "ios", appVersion: "1.4.0" },
  });

export const accountSchema = z
  .object({
    email: z.string().nullable(),
    emailVerified: z.boolean(),
    username: z.string().nullable(),
    phone: z.string().nullable(),
    anonymous: z.boolean(),
    hasPassword: z.boolean(),
    roles: z.array(z.string()),
    createdAt: time,
    lastSignInAt: time.nullable(),
  })
  .meta({ id: "Account", description: "How a user signs in; their profile is the record." });

export const userSessionSchema = z
  .object({
    id: z.string(),
    current: z.boolean(),
    deviceId: z.string().nullable(),
    amr: z.array(z.string()).meta({ description: "How it was opened, by RFC 8176: `pwd`, `otp`, `hwk`, …" }),
    impersonated: z.boolean().meta({ description: "An admin opened it." }),
    address: z.string(),
    agent: z.string(),
    createdAt: time,
    lastSeenAt: time,
    expiresAt: time,
  })
  .meta({ id: "UserSession", description: "A session of a user." });

export const deviceSchema = z
  .object({
    id: z.string(),
    current: z.boolean(),
    name: z.string(),
    platform: z.string(),
    appVersion: z.string().nullable(),
    place: z.string().nullable().meta({ description: "About where, when the server has a GeoIP file." }),
    address: z.string(),
    agent: z.string(),
    firstSeenAt: time,
    lastSeenAt: time,
    sessions: z.number().int(),
  })
  .meta({ id: "Device", description: "A device that a user signed in on." });

export const tokensSchema = z
  .object({
    accessToken: z.string().meta({ description: "A JWT (RFC 9068), for `Authorization: Bearer`." }),
    accessTokenExpiresAt: time,
    refreshToken: z.string().meta({ description: "For one refresh, which answers its successor." }),
    session: z.object({ id: z.string(), deviceId: z.string().nullable(), expiresAt: time }),
  })
  .meta({ id: "Tokens", description: "The tokens of a session." });

export const userSchema = z
  .looseObject({ id: z.string() })
  .meta({ id: "User", description: "The user's record, as they may see it themselves." });

export const userSignedInSchema = tokensSchema
  .extend({ user: userSchema, account: accountSchema })
  .meta({ id: "SignedIn", description: "A new session, its tokens, and who it is." });

export const meSchema = z
  .object({ user: userSchema, account: accountSchema, session: userSessionSchema })
  .meta({ id: "Me", description: "The signed-in user." });

/** For the OpenAPI document. No secret in it is one. */
const session = {
  ...{ id: "0197a7d2-7c00-7000-8000-000000000012", deviceId: "0197a7d2-7c00-7000-8000-000000000013" },
  expiresAt: "2027-01-01T00:00:00.000Z",
};
const tokens = {
  accessToken: "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.…",
  accessTokenExpiresAt: "2026-01-01T00:10:00.000Z",
  refreshToken: "lf_ref_…",
  session,
};
const account = {
  ...{
    email: "ann@example.com",
    emailVerified: true,
    username: null,
    phone: null,
    anonymous: false,
    hasPassword: true,
  },
  ...{ roles: [], createdAt: "2026-01-01T00:00:00.000Z", lastSignInAt: "2026-01-01T00:00:00.000Z" },
};
const user = { id: "0197a7d2-7c00-7000-8000-000000000011", name: "Ann" };
const listedSession = {
  ...{ ...session, current: true, amr: ["pwd"], impersonated: false, address: "203.0.113.7", agent: "Mozilla/5.0" },
  ...{ createdAt: "2026-01-01T00:00:00.000Z", lastSeenAt: "2026-01-01T00:00:00.000Z" },
};
export const userExamples = {
  tokens,
  account,
  user,
  signedIn: { ...tokens, user, account },
  session: listedSession,
  me: { user, account, session: listedSession },
  device: {
    ...{ id: session.deviceId, current: true, name: "Ann's phone", platform: "ios", appVersion: "1.4.0", place: null },
    ...{ address: "203.0.113.7", agent: "Example/1.4.0", sessions: 1 },
    ...{ firstSeenAt: "2026-01-01T00:00:00.000Z", lastSeenAt: "2026-01-01T00:00:00.000Z" },
  },
};
