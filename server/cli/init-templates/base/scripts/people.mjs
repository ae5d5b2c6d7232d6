// Prints a link for each person named (or ann and ben): the app, opened as them. For development; the keys end in 30 days.
//   npm run people -- ann ben        npm run people -- lee:lead        (a role after the colon)
import { existsSync, readFileSync } from "node:fs";

if (existsSync(".env")) process.loadEnvFile(".env");
const config = JSON.parse(readFileSync("landfall.config.json", "utf8"));
const url = process.env.LANDFALL_URL ?? config.url;
const names = process.argv.length > 2 ? process.argv.slice(2) : config.people;

for (const name of names) {
  const [id, ...roles] = name.split(":");
  const response = await fetch(`${url}/v1/api-keys`, {
    method: "POST",
    headers: { authorization: `Bearer ${process.env.LANDFALL_KEY}`, "content-type": "application/json" },
    body: JSON.stringify({
      name: `development: ${name}`,
      collections: { "*": ["list", "get", "create", "update", "delete"] },
      actAs: { id, roles, teams: [], claims: {} },
      expiresAt: new Date(Date.now() + 30 * 24 * 3_600_000).toISOString(),
    }),
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  const { secret } = await response.json();
  process.stdout.write(`${name.padEnd(12)}http://localhost:5173/#${new URLSearchParams({ me: id, key: secret })}\n`);
}
