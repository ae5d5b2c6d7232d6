// People for the tests of the rules. Each is a client with an API key bound to one user, which is what rules see as
// `auth.id`. The keys and everything made under a test's own ids are removed at the end.
import { existsSync } from "node:fs";
import { createClient } from "@landfall/client";
import { afterAll } from "vitest";
import config from "../landfall.config.json";
import { schema } from "../src/landfall.schema";

if (existsSync(".env")) process.loadEnvFile(".env");
const url = process.env.LANDFALL_URL ?? config.url;
const adminKey = process.env.LANDFALL_KEY;
const keys: string[] = [];

/** Passes all rules: for what a test needs to be there. */
export const admin = createClient({ url, schema, token: adminKey });

/** Not signed in. */
export const nobody = createClient({ url, schema });

/** Different in each run, so that runs do not meet. */
export const run = `t${Date.now().toString(36)}`;

export async function person(id: string, roles: string[] = []) {
  const key = await call("POST", "/v1/api-keys", {
    name: `rules test: ${id}`,
    collections: { "*": ["list", "get", "create", "update", "delete"] },
    actAs: { id, roles, teams: [], claims: {} },
  });
  keys.push(key.id);
  return createClient({ url, schema, token: key.secret });
}

afterAll(async () => {
  for (const id of keys) await call("DELETE", `/v1/api-keys/${id}`);
});

async function call(method: string, path: string, body?: object): Promise<{ id: string; secret: string }> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${adminKey}`, "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.status === 204 ? { id: "", secret: "" } : response.json();
}
