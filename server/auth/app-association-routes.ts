// The two files by which phones learn that an app belongs to this server's domain, so that it may use the domain's passkeys and
// open its links: of all collections of kind `auth` together, since a domain has one file.
import { z } from "zod";
import type { Context } from "../kernel/context.ts";
import { defineRoute, type Route } from "../kernel/http/route.ts";
import type { AuthSettings } from "./auth-settings.ts";
import { usersTag } from "./user-routes.ts";

export type AppSettings = (ctx: Pick<Context, "db">) => Promise<readonly AuthSettings["apps"][]>;

const cacheControl = "public, max-age=300";
const common = { method: "GET", tag: usersTag, access: "anyone" } as const;

export function appAssociationRoutes(appsOf: AppSettings): Route[] {
  return [appleRoute(appsOf), androidRoute(appsOf)];
}

const appleApp = "A1B2C3D4E5.com.example.app";

function appleRoute(appsOf: AppSettings): Route {
  return defineRoute({
    ...common,
    path: "/.well-known/apple-app-site-association",
    name: "getAppleAppAssociation",
    summary: "Get the Apple apps of this domain",
    description: "As Apple's platforms read it, for passkeys (`webcredentials`) and universal links to `/auth/`.",
    responses: {
      200: {
        description: "The apps.",
        schema: z.object({
          webcredentials: z.object({ apps: z.array(z.string()) }),
          applinks: z.object({ details: z.array(z.looseObject({ appIDs: z.array(z.string()) })) }),
        }),
        example: {
          webcredentials: { apps: [appleApp] },
          applinks: { details: [{ appIDs: [appleApp], components: [{ "/": "/auth/*" }] }] },
        },
      },
    },
    handler: async (ctx) => {
      const apps = [...new Set((await appsOf(ctx)).flatMap(({ apple }) => apple))];
      const details = apps.length === 0 ? [] : [{ appIDs: apps, components: [{ "/": "/auth/*" }] }];
      return { status: 200, json: { webcredentials: { apps }, applinks: { details } }, cacheControl };
    },
  });
}

const relation = ["delegate_permission/common.get_login_creds", "delegate_permission/common.handle_all_urls"];
const target = (packageName: string, fingerprints: readonly string[]) => ({
  namespace: "android_app",
  package_name: packageName,
  sha256_cert_fingerprints: [...fingerprints],
});

function androidRoute(appsOf: AppSettings): Route {
  return defineRoute({
    ...common,
    path: "/.well-known/assetlinks.json",
    name: "getAndroidAssetLinks",
    summary: "Get the Android apps of this domain",
    description: "Digital Asset Links, as Android reads them for passkeys and app links.",
    responses: {
      200: {
        description: "The apps.",
        schema: z.array(z.looseObject({ relation: z.array(z.string()) })),
        example: [{ relation, target: target("com.example.app", [Array(32).fill("AA").join(":")]) }],
      },
    },
    handler: async (ctx) => {
      const apps = (await appsOf(ctx)).flatMap(({ android }) => android);
      const json = apps.map((app) => ({ relation, target: target(app.packageName, app.fingerprints) }));
      return { status: 200, json, cacheControl };
    },
  });
}
