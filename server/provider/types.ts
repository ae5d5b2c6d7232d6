// The shapes of clients and of requests to be let in, validated once at the door and exact inside.
import { z } from "zod";
import { scopeNames } from "./scopes.ts";

const time = z.iso.datetime();
const actions = ["list", "get", "create", "update", "delete"] as const;
const shown = (max: number) => z.string().min(1).max(max).regex(/^[^\p{Cc}]*$/u, "holds control characters"); // biome-ignore format: one line
const webAddress = z.url({ protocol: /^https?$/, hostname: z.regexes.domain }).max(500).nullable(); // biome-ignore format: one line
const redirects = z.array(z.string().min(1).max(500)).max(50);

const changeable = {
  name: shown(100).meta({ description: "What people read before they agree." }),
  redirectUris: redirects.meta({ description: "Where a sign-in may return to: exact addresses, nothing by prefix." }),
  signOutRedirectUris: redirects,
  scopes: z.array(z.enum(scopeNames as [string, ...string[]])).max(scopeNames.length),
  collections: z
    .record(z.string().regex(/^(\*|[A-Za-z][A-Za-z0-9_]{0,62})$/, "is no collection name"), z.array(z.enum(actions)).min(1).max(5))
    .meta({ description: "Of machines: what they may do, as for an API key." }), // biome-ignore format: a chain
  homeUrl: webAddress,
  logoUrl: webAddress,
};

export const clientType = z.enum(["web", "spa", "native", "machine"]).meta({
  description: "`web`: on a server, keeps a secret. `spa`: in a browser. `native`: an app, or a device without a browser. `machine`: acts for nobody but itself.", // biome-ignore format: one line
});

export const newClientSchema = z
  .strictObject({
    name: changeable.name,
    type: clientType,
    collection: z.string().max(100).default("users").meta({ description: "Whose users it signs in." }),
    redirectUris: changeable.redirectUris.default([]),
    signOutRedirectUris: changeable.signOutRedirectUris.default([]),
    scopes: changeable.scopes.default(["openid", "profile", "email", "offline_access"]),
    collections: changeable.collections.default({}),
    homeUrl: changeable.homeUrl.default(null),
    logoUrl: changeable.logoUrl.default(null),
  })
  .meta({ example: { name: "Wiki", type: "web", redirectUris: ["https://wiki.example.com/callback"] } });

/** Absent: unchanged. */
export const clientPatchSchema = z
  .strictObject(changeable)
  .partial()
  .meta({ example: { name: "Our wiki" } });
export type ClientPatchInput = z.output<typeof clientPatchSchema>;

export const clientSchema = z
  .object({
    ...changeable,
    id: z.string(),
    type: clientType,
    collection: z.string().nullable(),
    hasSecret: z.boolean(),
    registered: z.boolean().meta({ description: "It registered itself: nobody here vouches for its name." }),
    createdBy: z.string(),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: "OAuthClient", description: "A program that signs users in here, without its secret." });
export type ShownClient = z.output<typeof clientSchema>;

export const clientWithSecretSchema = clientSchema
  .extend({ secret: z.string().nullable() })
  .meta({ id: "OAuthClientWithSecret", description: "A client with its secret, which no later answer shows." });

export const interactionSchema = z
  .object({
    uid: z.string(),
    client: z.object({
      id: z.string(),
      name: z.string(),
      homeUrl: z.string().nullable(),
      logoUrl: z.string().nullable(),
      registered: z.boolean().meta({ description: "It registered itself: say so, nobody vouches for its name." }),
    }),
    collection: z.string(),
    scopes: z.array(z.object({ name: z.string(), description: z.string(), granted: z.boolean() })),
    returnsTo: z.string().nullable().meta({ description: "Host or scheme that the answer goes to." }),
    loginHint: z.string().nullable(),
    locales: z.array(z.string()),
    signInAgain: z.boolean().meta({ description: "The session shown is too old for what the client asks." }),
    user: z.object({ id: z.string(), email: z.string().nullable(), username: z.string().nullable() }).nullable(),
    expiresAt: time,
  })
  .meta({ id: "Interaction", description: "A program's request that a person lets it in." });

export const interactionAnswerSchema = z
  .strictObject({
    accept: z.boolean(),
    /** Fewer than were asked for; `openid` stays. */
    scopes: z.array(z.string().max(64)).max(scopeNames.length).optional(),
  })
  .meta({ example: { accept: true } });

export const userInfoSchema = z
  .looseObject({ sub: z.string() })
  .meta({ id: "UserInfo", description: "Claims about the user, as far as the token's scopes go (OpenID Connect Core §5.1)." }); // biome-ignore format: one line

export const examples = {
  client: {
    ...{ id: "0197a7d2-7c00-7000-8000-000000000031", name: "Wiki", type: "web" as const, collection: "users" },
    ...{ redirectUris: ["https://wiki.example.com/callback"], signOutRedirectUris: [], scopes: ["openid", "profile"] },
    ...{ collections: {}, homeUrl: null, logoUrl: null, hasSecret: true, registered: false },
    createdBy: "admin:0197a7d2-7c00-7000-8000-000000000001",
    ...{ createdAt: "2026-01-01T00:00:00.000Z", updatedAt: "2026-01-01T00:00:00.000Z" },
  },
  interaction: {
    uid: "Vt3V1S2mC0Wd1mXgDq2xO",
    client: { id: "0197a7d2-7c00-7000-8000-000000000031", name: "Wiki", homeUrl: null, logoUrl: null, registered: false }, // biome-ignore format: one line
    collection: "users",
    scopes: [{ name: "openid", description: "Know that it is you", granted: false }],
    ...{ returnsTo: "wiki.example.com", loginHint: null, locales: ["en"], signInAgain: false, user: null },
    expiresAt: "2026-01-01T01:00:00.000Z",
  },
  userInfo: {
    sub: "0197a7d2-7c00-7000-8000-000000000011",
    name: "Ann",
    email: "ann@example.com",
    email_verified: true,
  },
};
