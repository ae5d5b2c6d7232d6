// How users of one `auth` collection may sign in, as admins set it. Stored as a patch over these defaults, so that a default that
// improves reaches whoever never touched it.
import { z } from "zod";
import type { Db } from "../kernel/db/index.ts";
import { errors } from "./errors.ts";
import { isRedirect } from "./redirect.ts";

const days = (fallback: number) => z.number().min(0.01).max(3_650).default(fallback);
const toggle = (fallback: boolean) => z.strictObject({ enabled: z.boolean().default(fallback) }).prefault({});

export const authSettingsSchema = z
  .strictObject({
    /** Who may make an account: anybody, whoever was invited, nobody. */
    signUp: z.enum(["open", "invited", "closed"]).default("open"),
    /** `required`: nobody is signed in before the address is proved, and no answer tells whether it was known. */
    emailVerification: z.enum(["required", "optional"]).default("required"),
    methods: z
      .strictObject({
        password: z
          .strictObject({
            enabled: z.boolean().default(true),
            lengthMin: z.number().int().min(8).max(64).default(8),
            /** Asks haveibeenpwned.com by the first five digits of a hash. */
            breachLookup: z.boolean().default(false),
          })
          .prefault({}),
        username: toggle(false),
        emailLink: toggle(true),
        emailCode: toggle(true),
        phoneCode: toggle(false),
        anonymous: toggle(false),
        passkey: toggle(true),
        idToken: toggle(true),
      })
      .prefault({}),
    factors: z
      .strictObject({
        totp: z.boolean().default(true),
        /** `required`: whoever has no second factor sets one up at the next sign-in. */
        policy: z.enum(["optional", "required"]).default("optional"),
      })
      .prefault({}),
    session: z
      .strictObject({
        accessMinutes: z.number().min(1).max(60).default(10),
        idleDays: days(30),
        absoluteDays: days(365),
        /** A sign-in this old no longer opens sensitive changes; the user proves themselves again. */
        stepUpMinutes: z.number().min(1).max(1_440).default(10),
        newDeviceMail: z.boolean().default(true),
      })
      .prefault({}),
    /** Apps of phones that may use passkeys of the server's domain, and open its links. */
    apps: z
      .strictObject({
        apple: z
          .array(z.string().regex(/^[A-Z0-9]{10}\.[A-Za-z0-9.-]{1,155}$/, "is not <team id>.<bundle id>"))
          .max(20)
          .default([]),
        android: z
          .array(
            z.strictObject({
              packageName: z
                .string()
                .regex(/^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)+$/, "is no package name")
                .max(200),
              fingerprints: z
                .array(z.string().regex(/^[0-9A-F]{2}(:[0-9A-F]{2}){31}$/, "is no SHA-256 fingerprint (AA:BB:…)"))
                .min(1)
                .max(10),
            }),
          )
          .max(20)
          .default([]),
      })
      .prefault({}),
    teams: z
      .strictObject({
        /** Users may make teams of their own, which they then own; else admins make them. */
        usersCreate: z.boolean().default(false),
      })
      .prefault({}),
    /** Where a sign-in may return to: exact addresses, or a custom scheme such as `myapp://auth`. Nothing is matched by prefix. */
    redirects: z
      .array(z.string().max(500).refine(isRedirect, "is no address that a sign-in may return to"))
      .max(100)
      .default([]),
  })
  .meta({ id: "AuthSettings", description: "How users of a collection sign in." });

export type AuthSettings = z.output<typeof authSettingsSchema>;

export interface AuthSettingsRow {
  readonly settings: AuthSettings;
  /** 0: never changed. */
  readonly revision: number;
}

export async function readAuthSettings(db: Db, collectionId: number): Promise<AuthSettingsRow> {
  const [row] = await db.query<{ settings: unknown; revision: number }>({
    name: "auth_settings_read",
    text: `SELECT settings, revision FROM landfall."authSetting" WHERE "collectionId" = $1`,
    values: [collectionId],
  });
  return { settings: authSettingsSchema.parse(row?.settings ?? {}), revision: row?.revision ?? 0 };
}

/** Merges a patch (RFC 7396) into what is stored, if it is still of this revision; undefined when it is not. */
export async function changeAuthSettings(
  db: Db,
  collectionId: number,
  change: { readonly patch: object; readonly ifRevision?: number | undefined },
  nowMs: number,
): Promise<AuthSettingsRow | undefined> {
  return db.transaction(async (tx) => {
    const at = new Date(nowMs).toISOString();
    await tx.query({
      text: `INSERT INTO landfall."authSetting" ("collectionId", settings, revision, "updatedAt") VALUES ($1, '{}', 0, $2) ON CONFLICT DO NOTHING`,
      values: [collectionId, at],
    });
    const [row] = await tx.query<{ settings: object; revision: number }>({
      text: `SELECT settings, revision FROM landfall."authSetting" WHERE "collectionId" = $1 FOR UPDATE`,
      values: [collectionId],
    });
    if (row === undefined || (change.ifRevision !== undefined && change.ifRevision !== row.revision)) return undefined;
    const stored = merged(row.settings, change.patch);
    const settings = checked(stored);
    const revision = row.revision + 1;
    await tx.query({
      text: `UPDATE landfall."authSetting" SET settings = $2, revision = $3, "updatedAt" = $4 WHERE "collectionId" = $1`,
      values: [collectionId, JSON.stringify(stored), revision, at],
    });
    return { settings, revision };
  });
}

function checked(stored: object): AuthSettings {
  const judged = authSettingsSchema.safeParse(stored);
  if (judged.success) return judged.data;
  const issues = judged.error.issues.map(({ path, code, message }) => ({
    path: ["/settings", ...path].join("/"),
    code,
    message,
  }));
  throw errors.auth_settings_invalid({ issues });
}

/** RFC 7396 §2. */
function merged(target: object, patch: object): object {
  const result: Record<string, unknown> = { ...target };
  for (const [name, value] of Object.entries(patch)) {
    const old = Object.hasOwn(result, name) ? result[name] : undefined;
    if (value === null) delete result[name];
    else if (typeof value !== "object" || Array.isArray(value)) result[name] = value;
    else result[name] = merged(typeof old === "object" && old !== null && !Array.isArray(old) ? old : {}, value);
  }
  return result;
}
