// Turns the environment into a validated Config, once, in main. Every mistake is reported at the same time.
import { readFileSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { withHost } from "../db/connection.ts";
import { product } from "../product.ts";
import { type SettingKey, settings } from "./settings.ts";
import type { ConfigOf, Setting } from "./types.ts";

export type Config = ConfigOf<typeof settings>;

export interface ReadConfig {
  readonly config: Config;
  /** Names that look like ours and are none. */
  readonly warnings: readonly string[];
}

export interface ReadOptions {
  /** Where relative paths start. Default: the project's root. */
  readonly root?: string;
  readonly readFile?: (path: string) => string;
}

export type Environment = { readonly [name: string]: string | undefined };

/** All that is wrong with the environment, one line each. */
export class ConfigError extends Error {
  readonly lines: readonly string[];
  constructor(lines: readonly string[]) {
    super(lines.join("\n"));
    this.name = "ConfigError";
    this.lines = lines;
  }
}

export const projectRoot = resolve(fileURLToPath(new URL("../../../", import.meta.url)));

export function readConfig(env: Environment, options: ReadOptions = {}): ReadConfig {
  const lines: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries(settings) as [SettingKey, Setting][]) {
    try {
      const text = given(env, setting, options.readFile ?? ((path) => readFileSync(path, "utf8")));
      values[key] = text === undefined ? fallback(setting, options) : parse(setting, text, options);
    } catch (error) {
      lines.push(`${setting.env}: ${(error as Error).message}`);
    }
  }
  if (lines.length === 0) lines.push(...together(values as Config));
  if (lines.length > 0) throw new ConfigError(lines);
  return { config: values as Config, warnings: strangers(env) };
}

/** The setting's text from NAME or NAME_FILE. An empty value counts as unset, as compose files produce it. */
function given(env: Environment, setting: Setting, readFile: (path: string) => string): string | undefined {
  const direct = env[setting.env] || undefined;
  const path = env[`${setting.env}_FILE`] || undefined;
  if (path === undefined) return direct;
  if (direct !== undefined) throw new Error(`is given twice, directly and as ${setting.env}_FILE; keep one`);
  try {
    return readFile(path).replace(/\r?\n$/, "");
  } catch (error) {
    throw new Error(`the file named by ${setting.env}_FILE cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

function fallback(setting: Setting, options: ReadOptions): unknown {
  if (setting.type === "path") return absolute(setting.default, options);
  return "default" in setting ? setting.default : undefined;
}

function parse(setting: Setting, text: string, options: ReadOptions): unknown {
  const shown = setting.secret ? "the value" : JSON.stringify(text);
  switch (setting.type) {
    case "text":
      if (setting.min !== undefined && text.length < setting.min)
        throw new Error(`needs at least ${setting.min} characters`);
      return text;
    case "path":
      return absolute(text, options);
    case "list":
      return text.split(",").flatMap((part) => part.trim() || []);
    case "boolean":
      if (["true", "1", "on", "yes"].includes(text.toLowerCase())) return true;
      if (["false", "0", "off", "no"].includes(text.toLowerCase())) return false;
      throw new Error(`${shown} is neither true nor false`);
    case "choice":
      if (!setting.values.includes(text)) throw new Error(`${shown} is none of ${setting.values.join(", ")}`);
      return text;
    case "integer":
      return integer(setting, text, shown);
    case "url":
      return url(setting, text, shown);
    case "key":
      return masterKeyBytes(text);
  }
}

function integer(setting: Extract<Setting, { type: "integer" }>, text: string, shown: string): number {
  const value = /^\d{1,15}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (!(value >= setting.min && value <= setting.max))
    throw new Error(`${shown} is not a whole number from ${setting.min} to ${setting.max}`);
  return value;
}

function url(setting: Extract<Setting, { type: "url" }>, text: string, shown: string): string {
  const complete = withHost(text);
  const parsed = URL.canParse(complete) ? new URL(complete) : undefined;
  if (!parsed || !setting.protocols.includes(parsed.protocol))
    throw new Error(`${shown} is not a URL that starts with ${setting.protocols.map((p) => `${p}//`).join(" or ")}`);
  return setting.protocols.includes("http:") ? text.replace(/\/+$/, "") : text;
}

/** 32 bytes from 64 hex digits or from base64, base64url included. */
export function masterKeyBytes(text: string): Buffer {
  const trimmed = text.trim();
  const bytes = /^[0-9a-fA-F]{64}$/.test(trimmed)
    ? Buffer.from(trimmed, "hex")
    : Buffer.from(/^[A-Za-z0-9+/_-]{43}=?$/.test(trimmed) ? trimmed : "", "base64");
  if (bytes.length !== 32) throw new Error("needs 32 bytes as 64 hex digits or as base64 (openssl rand -hex 32)");
  return bytes;
}

function absolute(path: string, options: ReadOptions): string {
  return isAbsolute(path) ? resolve(path) : resolve(options.root ?? projectRoot, path);
}

/** What only several settings together can get wrong. */
function together(config: Config): string[] {
  const lines: string[] = [];
  if ((config.adminEmail === undefined) !== (config.adminPassword === undefined))
    lines.push("LANDFALL_ADMIN_EMAIL and LANDFALL_ADMIN_PASSWORD: give both or neither");
  if (config.adminEmail !== undefined && !/^[^\s@]+@[^\s@]+$/.test(config.adminEmail))
    lines.push(`LANDFALL_ADMIN_EMAIL: ${JSON.stringify(config.adminEmail)} is not an e-mail address`);
  return lines;
}

function strangers(env: Environment): string[] {
  const known = Object.values(settings).flatMap((setting) => [setting.env, `${setting.env}_FILE`]);
  return Object.keys(env)
    .filter((name) => name.startsWith(product.envPrefix) && !known.includes(name))
    .map((name) => {
      const close = known.find((candidate) => distance(candidate, name) <= 3);
      return `${name} is not a setting of ${product.name}${close ? `; did you mean ${close}?` : "; it is ignored."}`;
    });
}

/** Levenshtein distance, one row at a time. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
