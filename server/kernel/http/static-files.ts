// Serves a folder of built files (console, docs). The files are listed once, so an address either is in the list or does
// not exist: there is no path to traverse.
import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import type { Response } from "express";
import { kernelErrors } from "../errors/kernel.ts";
import { type Coding, chooseCoding } from "./coding.ts";
import { matchesNoneMatch, quoteTag } from "./entity-tag.ts";
import type { Mount } from "./security-headers.ts";

export interface StaticMount {
  /** Without a slash at the end: `/console`. */
  readonly path: string;
  readonly folder: string;
  readonly policy: Exclude<Mount, "api">;
  /** Served for addresses without a file extension that are no file: the console routes in the browser. */
  readonly fallback?: string;
  /** Shown under 404 to whoever asks for HTML; programs get a problem document. Not an address of its own. */
  readonly notFound?: string;
  /** Folder whose file names carry a hash of their content, cached for good. Default `assets`. */
  readonly hashedFolder?: string;
}

/** One built file at an address of its own, such as the client package. */
export interface StaticFile {
  /** `/sdk.tgz`. */
  readonly path: string;
  readonly file: string;
  readonly contentType: string;
}

/** Compressed once at build, so only the size counts: brotli's is the smallest for scripts and styles. */
const smallestFirst: readonly Coding[] = ["br", "zstd", "gzip"];
const extensions: { readonly [coding in Coding]: string } = { br: ".br", gzip: ".gz", zstd: ".zst" };

export function staticFiles(
  mount: StaticMount,
): (response: Response, path: string, headers: string[]) => Promise<void> {
  let files: ReadonlySet<string> | undefined;
  return async (response, path, headers) => {
    files ??= listFiles(mount.folder);
    const found = find(files, mount, path);
    const file = found ?? notFoundPage(files, mount, response.req.headers.accept);
    if (file === undefined) throw kernelErrors.route_not_found();
    if (found === undefined) response.status(404);
    const coding = precompressed(files, file, response.req.headers["accept-encoding"] as string | undefined);
    for (let at = 0; at < headers.length; at += 2) response.setHeader(headers[at] as string, headers[at + 1] as string);
    response.setHeader("Vary", found === undefined ? "Accept, Accept-Encoding" : "Accept-Encoding");
    const hashed = file.startsWith(`${mount.hashedFolder ?? "assets"}/`);
    response.setHeader("Cache-Control", hashed ? "public, max-age=31536000, immutable" : "no-cache");
    if (coding) {
      response.type(file.slice(file.lastIndexOf(".")));
      response.setHeader("Content-Encoding", coding);
    }
    await send(response, coding ? file + extensions[coding] : file, mount.folder);
  };
}

/** Sent as it is. Its tag is made from its content, so that every process and every build of the same sources agrees. */
export function singleFile({
  file,
  contentType,
}: StaticFile): (response: Response, headers: string[]) => Promise<void> {
  let known: { readonly mtimeMs: number; readonly tag: string } | undefined;
  return async (response, headers) => {
    const found = await stat(file).catch(() => undefined);
    if (!found?.isFile()) throw kernelErrors.route_not_found();
    if (known?.mtimeMs !== found.mtimeMs) {
      const digest = createHash("sha256")
        .update(await readFile(file))
        .digest("hex");
      known = { mtimeMs: found.mtimeMs, tag: digest.slice(0, 32) };
    }
    for (let at = 0; at < headers.length; at += 2) response.setHeader(headers[at] as string, headers[at + 1] as string);
    response.setHeader("Cache-Control", "no-cache");
    response.setHeader("Content-Type", contentType);
    response.setHeader("ETag", quoteTag(known.tag));
    if (matchesNoneMatch(response.req.headers["if-none-match"], known.tag)) return void response.writeHead(304).end();
    await send(response, basename(file), dirname(file));
  };
}

function find(files: ReadonlySet<string>, mount: StaticMount, path: string): string | undefined {
  // Such addresses are in no list; this keeps the fallback from answering them.
  if (/(?:^|[\\/])\.|\\/.test(path) || path.includes("\u0000")) return undefined;
  const name = path === "" || path === "/" ? "index.html" : path.slice(1);
  for (const candidate of [name, `${name}.html`, `${name.replace(/\/$/, "")}/index.html`])
    if (files.has(candidate) && candidate !== mount.notFound) return candidate;
  const looksLikeFile = name.slice(name.lastIndexOf("/") + 1).includes(".");
  return mount.fallback !== undefined && !looksLikeFile && files.has(mount.fallback) ? mount.fallback : undefined;
}

/** A browser names HTML when it goes to an address; a script, an image and curl do not. */
function notFoundPage(files: ReadonlySet<string>, { notFound }: StaticMount, accept = ""): string | undefined {
  return notFound !== undefined && files.has(notFound) && accept.includes("text/html") ? notFound : undefined;
}

function precompressed(files: ReadonlySet<string>, file: string, accept: string | undefined): Coding | undefined {
  if (accept === undefined) return undefined;
  return chooseCoding(
    accept,
    smallestFirst.filter((coding) => files.has(file + extensions[coding])),
  );
}

function send(response: Response, file: string, root: string): Promise<void> {
  return new Promise((resolve, reject) => {
    // Express adds a validator of its own (size and time), Range and conditional answers; a part of a 404 is no answer.
    const acceptRanges = response.statusCode === 200;
    response.sendFile(file, { root, cacheControl: false, dotfiles: "deny", acceptRanges }, (error?: Error) => {
      if (error && !response.headersSent) reject(error);
      else resolve();
    });
  });
}

function listFiles(folder: string): ReadonlySet<string> {
  if (!existsSync(folder)) return new Set();
  const found = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .split(sep)
        .join("/"),
    );
  return new Set(found.filter((name) => !name.split("/").some((part) => part.startsWith("."))));
}
