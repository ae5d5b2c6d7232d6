// Which methods a collection's users may sign in by: the public list for apps, and the settings behind it for admins.
import { z } from "zod";
import type { Db } from "../kernel/db/index.ts";
import { defineRoute, type Route } from "../kernel/http/route.ts";
import type { Mailer, MailState } from "../mail/index.ts";
import { audit } from "./audit.ts";
import { type AuthSettings, authSettingsSchema, changeAuthSettings, readAuthSettings } from "./auth-settings.ts";
import { errors } from "./errors.ts";
import { presetNames } from "./oauth-presets.ts";
import type { ProviderButton } from "./oauth-providers.ts";
import type { UserCollection } from "./user-create.ts";
import { originOf, userRoute } from "./user-routes.ts";
import { collectionName } from "./user-types.ts";

export interface SettingsRouteDeps {
  /** Throws `auth_collection_not_found` (404). */
  readonly collectionOf: (name: string) => UserCollection;
  /** Providers that are on. */
  readonly buttons: (db: Db, collectionId: number) => Promise<Buttons>;
  readonly mailer: Pick<Mailer, "state">;
}

type Buttons = readonly ProviderButton[];

const methodsSchema = z
  .object({
    signUp: z.enum(["open", "invited", "closed"]),
    methods: z.array(z.string()),
    providers: z.array(z.object({ name: z.string(), preset: z.enum(presetNames), label: z.string() })),
    passwordLengthMin: z.number().int(),
    passwordReset: z.boolean().meta({ description: "A lost password can be set anew by e-mail." }),
  })
  .meta({ id: "SignInMethods", description: "How users of a collection may sign in." });

const settingsAnswer = z
  .object({
    revision: z.number().int(),
    settings: authSettingsSchema,
    email: z.enum(["smtp", "mailbox", "none"]).meta({ description: "Whether mail goes out: `mailbox` shows it to admins only; with `none`, what needs mail answers 503." }), // biome-ignore format: one line
  })
  .meta({ id: "StoredAuthSettings", description: "Settings with the number of their last change." });

const defaults = authSettingsSchema.parse({});
const params = z.object({ collection: z.string().max(100).meta({ description: "The collection's name.", example: "users" }) }); // biome-ignore format: one line
const notThere = ["auth_collection_not_found"];

export function settingsRoutes({ collectionOf, buttons, mailer }: SettingsRouteDeps): Route[] {
  return [
    defineRoute({
      ...userRoute,
      method: "GET",
      path: "/v1/auth/methods",
      name: "listSignInMethods",
      access: "anyone",
      summary: "List the ways to sign in",
      description: "For a sign-in screen: what is switched on, in the order to show it.",
      errors: notThere,
      query: z.strictObject({ collection: collectionName }),
      responses: {
        200: {
          description: "The methods.",
          schema: methodsSchema,
          example: methodsOf(defaults, [{ name: "google", preset: "google", label: "Google" }], "smtp"),
        },
      },
      handler: async (ctx, { query }) => {
        const { id } = collectionOf(query.collection);
        const { settings } = await readAuthSettings(ctx.db, id);
        return { status: 200, json: methodsOf(settings, await buttons(ctx.db, id), mailer.state()) };
      },
    }),
    defineRoute({
      ...userRoute,
      method: "GET",
      path: "/v1/collections/{collection}/auth",
      name: "getAuthSettings",
      access: "admin",
      summary: "Show how users sign in",
      description: "The settings of a collection of kind `auth`, defaults filled in.",
      errors: notThere,
      params,
      responses: {
        200: {
          description: "The settings.",
          schema: settingsAnswer,
          example: { revision: 0, settings: defaults, email: "smtp" },
        },
      },
      handler: async (ctx, { params: { collection } }) => ({
        status: 200,
        json: { ...(await readAuthSettings(ctx.db, collectionOf(collection).id)), email: mailer.state() },
      }),
    }),
    defineRoute({
      ...userRoute,
      method: "PATCH",
      path: "/v1/collections/{collection}/auth",
      name: "changeAuthSettings",
      access: "admin",
      summary: "Change how users sign in",
      description: "A merge patch (RFC 7396). With `revision`, refused when somebody else changed the settings since.",
      errors: [...notThere, "auth_settings_invalid", "auth_settings_changed"],
      params,
      body: z
        .strictObject({
          revision: z.number().int().optional(),
          settings: z
            .looseObject({})
            .meta({ description: "Members of the settings to change; null is back to the default." }),
        })
        .meta({ example: { settings: { methods: { anonymous: { enabled: true } } } } }),
      responses: {
        200: {
          description: "Changed.",
          schema: settingsAnswer,
          example: { revision: 1, settings: defaults, email: "smtp" },
        },
      },
      handler: async (ctx, input) => {
        const { id } = collectionOf(input.params.collection);
        const { revision, settings: patch } = input.body;
        const changed = await ctx.db.transaction(async (tx) => {
          const row = await changeAuthSettings(tx, id, { patch, ifRevision: revision }, ctx.nowMs);
          if (row === undefined) throw errors.auth_settings_changed();
          const detail = { members: Object.keys(patch).sort(), revision: row.revision };
          await audit({ ...ctx, db: tx }, { event: "settings_changed", collectionId: id, ...originOf(input), detail });
          return row;
        });
        return { status: 200, json: { ...changed, email: mailer.state() } };
      },
    }),
  ];
}

const byMail: ReadonlySet<string> = new Set(["emailLink", "emailCode"]);

/** In the order of a sign-in screen; what needs mail only where there is mail. */
function methodsOf(settings: AuthSettings, providers: Buttons, mail: MailState): z.output<typeof methodsSchema> {
  const { methods } = settings;
  const named = [
    "passkey",
    "password",
    "username",
    "emailLink",
    "emailCode",
    "phoneCode",
    "idToken",
    "anonymous",
  ] as const;
  return {
    signUp: settings.signUp,
    methods: named.filter((name) => methods[name].enabled && !(mail === "none" && byMail.has(name))),
    providers: [...providers],
    passwordLengthMin: methods.password.lengthMin,
    passwordReset: methods.password.enabled && mail !== "none",
  };
}
