#!/usr/bin/env node
// The command `landfall` of an app that has the client installed: its collections as a file, pushed to a server, and the
// types that follow from them. Plain JavaScript on Node 20, without packages. The server's own command has the rest.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { schemaModule, schemaOf } from "@landfall/client/wire";

const usage = `Usage: landfall <command> [options]

  types       Write the schema of a running server's collections as TypeScript.
  push        Bring a running server's collections to what the file says. Collections that it does not name stay.

Options
  --url <url>       The server. Default: LANDFALL_URL, else "url" of landfall.config.json, else http://localhost:4710.
  --key <key>       An API key with schema:read or schema:write. Default: LANDFALL_KEY, which no process list shows.
  --out <file>      types: write there. Default: "schema" of landfall.config.json, else standard output.
  --file <file>     push: the collections. Default: "collections" of landfall.config.json.
  --dry-run         push: say what would change, and change nothing.
  --confirm-loss    push: go on where values are lost, such as those of a field that is dropped.

A .env file in this folder is read; what the environment says goes before it.`;

class Refused extends Error {}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Refused)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

async function main(args) {
  const { values, positionals } = parsed(args);
  const [command] = positionals;
  if (command === undefined || values.help) return print(usage, command === undefined && !values.help ? 2 : 0);
  if (existsSync(".env")) process.loadEnvFile(".env");
  const config = existsSync("landfall.config.json") ? readJson("landfall.config.json") : {};
  const server = serverOf(values, config);
  if (command === "types") return types(server, values.out ?? config.schema);
  if (command === "push") return push(server, values.file ?? config.collections, values);
  throw new Refused(`There is no command ${JSON.stringify(command)}. landfall --help lists them.`);
}

function parsed(args) {
  const flag = { type: "boolean" };
  const text = { type: "string" };
  const options = {
    url: text,
    key: text,
    out: text,
    file: text,
    "dry-run": flag,
    "confirm-loss": flag,
    help: { ...flag, short: "h" },
  };
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new Refused(`${error.message.split(". ")[0]}. landfall --help says what there is.`);
  }
}

async function types(server, file) {
  const { items } = await server("GET", "/v1/collections");
  const text = schemaModule(schemaOf(items));
  if (file === undefined) return print(text.trimEnd());
  writeFileSync(file, text);
  return print(`${items.length} collections written to ${file}`);
}

async function push(server, file, options) {
  if (file === undefined)
    throw new Refused('Which file? Name it with --file, or as "collections" in landfall.config.json.');
  const wanted = readJson(file);
  if (!Array.isArray(wanted)) throw new Refused(`${file} must be a list of collections.`);
  const there = new Map((await server("GET", "/v1/collections")).items.map((one) => [one.name, one]));
  let changes = 0;
  // In the file's order: a relation may point to what stands above it.
  for (const definition of wanted) {
    const change = changeOf(definition, there.get(definition.name));
    print(`${change.padEnd(10)}${definition.name}`);
    if (change === "same") continue;
    changes += 1;
    if (!options["dry-run"]) await apply(server, definition, change, options["confirm-loss"]);
  }
  return print(`${changes} of ${wanted.length} collections ${options["dry-run"] ? "would change" : "changed"}.`);
}

function changeOf(wanted, there) {
  if (there === undefined) return "create";
  const parts = ["fields", "indexes", "rules", "preconditionRequired"];
  const same = parts.every((part) => canonical(part, wanted[part]) === canonical(part, there[part]));
  return same ? "same" : "change";
}

/** Text that is equal when the server would make no difference: order of keys, what is left out or null. */
function canonical(part, value) {
  const empty = { fields: [], indexes: [], rules: {}, preconditionRequired: false }[part];
  return JSON.stringify(value ?? empty, (key, item) => {
    if (key === "was" || item === null || (item === false && key !== "default")) return undefined;
    if (typeof item !== "object" || Array.isArray(item)) return item;
    return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function apply(server, definition, change, confirmLoss) {
  if (change === "create") return server("POST", "/v1/collections", definition);
  const { name, kind: _kind, ...rest } = definition;
  // A PATCH merges: a rule that the file no longer has must be named to go.
  const rules = { list: null, get: null, create: null, update: null, delete: null, ...rest.rules };
  const body = { indexes: [], preconditionRequired: false, ...rest, rules };
  return server("PATCH", `/v1/collections/${name}${confirmLoss ? "?confirm=loss" : ""}`, body);
}

function serverOf(values, config) {
  const url = (values.url ?? process.env.LANDFALL_URL ?? config.url ?? "http://localhost:4710").replace(/\/+$/, "");
  const key = values.key ?? process.env.LANDFALL_KEY;
  if (!key)
    throw new Refused(
      "An API key is needed: LANDFALL_KEY in the environment or in .env, or --key. The console makes one under API keys.",
    );
  return async (method, path, body) => {
    const headers = {
      authorization: `Bearer ${key}`,
      "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json",
    };
    const response = await fetch(`${url}${path}`, {
      method,
      headers,
      ...(body && { body: JSON.stringify(body) }),
    }).catch((error) => {
      throw new Refused(
        `No server answers at ${url} (${error.cause?.code ?? error.message}): start it, or name it with --url.`,
      );
    });
    const text = await response.text();
    if (!response.ok) throw new Refused(problemText(response.status, text));
    return text === "" ? undefined : JSON.parse(text);
  };
}

function problemText(status, text) {
  try {
    const { title = "", detail = "", advice = "", errors = [] } = JSON.parse(text);
    const places = errors.map((issue) => `\n  ${issue.path}: ${issue.message}`);
    return `${status} ${[title, detail, advice].filter((part) => part !== "").join(" ")}${places.join("")}`;
  } catch {
    return `The server answered ${status} without a problem document.`;
  }
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new Refused(`${file} cannot be read: ${error.message}`);
  }
}

function print(text, code = 0) {
  process.stdout.write(`${text}\n`);
  return code;
}
