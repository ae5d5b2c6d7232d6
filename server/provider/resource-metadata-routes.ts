// What protects the API, for programs that begin with its address alone (RFC 9728), such as MCP clients.
import { z } from "zod";
import type { SharedSignIn } from "../auth/index.ts";
import { defineRoute, type Route } from "../kernel/http/route.ts";
import { product } from "../kernel/product.ts";
import { clientTag } from "./client-routes.ts";
import { scopeNames } from "./scopes.ts";

const schema = z
  .looseObject({ resource: z.string(), authorization_servers: z.array(z.string()) })
  .meta({ id: "ProtectedResource", description: "OAuth 2.0 Protected Resource Metadata (RFC 9728)." });

export function resourceMetadataRoutes({ accessTokens: { issuer, audience } }: SharedSignIn): Route[] {
  const metadata = {
    resource: audience,
    authorization_servers: [issuer],
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    scopes_supported: scopeNames,
    bearer_methods_supported: ["header"],
    resource_name: product.name,
    resource_documentation: `${issuer}/docs/`,
  };
  // §3.1: the resource's path stands behind the well-known part; the address without one is asked for as well.
  const paths = { getProtectedResource: "", getProtectedResourceOfApi: "/v1" };
  return Object.entries(paths).map(([name, suffix]) =>
    defineRoute({
      method: "GET",
      path: `/.well-known/oauth-protected-resource${suffix}`,
      name,
      tag: clientTag,
      access: "anyone",
      summary: "Show what protects the API",
      description: "For OAuth clients that know only the API's address.",
      responses: { 200: { description: "The metadata.", schema, example: metadata } },
      handler: async () => ({ status: 200, json: metadata, cacheControl: "public, max-age=300" }),
    }),
  );
}
