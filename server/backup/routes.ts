// Backups over HTTP, for admins: what there is, take one, rehearse one, fetch one, delete one. Restoring is not here: it goes
// into an empty database, which is no matter of a server that runs on a full one.
import { createReadStream } from "node:fs";
import { z } from "zod";
import type { Clock } from "../kernel/clock.ts";
import type { Config } from "../kernel/config/index.ts";
import type { Context } from "../kernel/context.ts";
import { defineRoute, type Route } from "../kernel/http/route.ts";
import { defineTag } from "../kernel/http/tags.ts";
import type { MasterKey } from "../kernel/master-key.ts";
import { freeBytes } from "./backup-file.ts";
import { newTicket, ticketLifeMs, useTicket } from "./download-ticket.ts";
import { errors } from "./errors.ts";
import { backupFigures } from "./figures.ts";
import { backupsExample, backupsSchema, givenPassword, linkSchema, nameParams, ticketQuery } from "./route-shapes.ts";
import type { BackupSchedule } from "./schedule.ts";
import type { Shelf, ShelfFile } from "./shelf.ts";
import type { BackupWork } from "./work.ts";
import { type Finding, readFindings, readWork, type SeenWork, silentMs } from "./work-state.ts";

export interface BackupRouteDeps {
  readonly config: Config;
  readonly clock: Clock;
  readonly masterKey: MasterKey;
  readonly shelf: Shelf;
  readonly work: BackupWork;
  readonly schedule: Pick<BackupSchedule, "nextAt">;
  /** Of the room that knows who is an owner; both throw when the caller is none. */
  readonly owners: {
    require(ctx: Context): Promise<void>;
    confirm(ctx: Context, password: string): Promise<string>;
  };
}

// No Idempotency-Key: work is begun once by its own claim, and an answer that carries a ticket is not kept.
const tag = defineTag("Backups", "Files that hold the whole installation: taken, rehearsed, fetched, deleted.");
const common = { tag, access: "admin", idempotent: false, cache: "no-store" } as const;
const begun = { 202: { description: "Begun. `work` of the list shows how far it is." } };

export function backupRoutes(deps: BackupRouteDeps): Route[] {
  return [listRoute(deps), takeRoute(deps), cancelRoute(deps), verifyRoute(deps), linkRoute(deps), fetchRoute(deps), deleteRoute(deps)]; // biome-ignore format: one list
}

function listRoute(deps: BackupRouteDeps): Route {
  return defineRoute({
    ...common,
    method: "GET",
    path: "/v1/backups",
    name: "listBackups",
    summary: "List backups",
    description:
      "The files that this server keeps itself, newest first: scheduled ones, those taken by hand, and those before migrations. With them what is " +
      "running now or ran last, and the schedule as it is configured. Files are those of the process that answers: several processes share a folder.",
    responses: { 200: { description: "The backups.", schema: backupsSchema, example: backupsExample } },
    handler: async (ctx) => {
      const [files, findings, work, plan] = await Promise.all([deps.shelf.list(), readFindings(ctx.db), readWork(ctx.db), planOf(deps, ctx)]); // biome-ignore format: one list
      const json: z.output<typeof backupsSchema> = {
        items: files.map((file) => fileView(file, findings[file.name])),
        nextCursor: null,
        work: work ? workView(work) : null,
        plan,
      };
      return { status: 200, json };
    },
  });
}

function takeRoute({ work }: BackupRouteDeps): Route {
  return defineRoute({
    ...common,
    method: "POST",
    path: "/v1/backups",
    name: "takeBackup",
    summary: "Take a backup now",
    description:
      "Begins a backup into the server's folder and answers at once. Encrypted when LANDFALL_BACKUP_PASSPHRASE is set. It is kept until it is deleted.",
    errors: ["backup_running"],
    responses: begun,
    handler: async (ctx) => {
      await work.take(ctx.actor.label);
      return { status: 202 };
    },
  });
}

function cancelRoute({ work }: BackupRouteDeps): Route {
  return defineRoute({
    ...common,
    method: "POST",
    path: "/v1/backups:cancel",
    name: "cancelBackupWork",
    summary: "Stop what is running",
    description:
      "Stops the backup or the rehearsal that is running, which leaves nothing behind. A rehearsal that builds indexes ends that first.",
    errors: ["backup_not_running"],
    responses: { 202: { description: "Asked to stop." } },
    handler: async () => {
      await work.cancel();
      return { status: 202 };
    },
  });
}

function verifyRoute({ shelf, work }: BackupRouteDeps): Route {
  return defineRoute({
    ...common,
    method: "POST",
    path: "/v1/backups/{name}:verify",
    name: "verifyBackup",
    summary: "Rehearse the restore of a backup",
    description:
      "Begins to check every byte, restore the file into a database made for this, compare each table and drop it again. What came out stands in the list. " +
      "Nothing of the running project is touched; the disk needs room for a second database.",
    params: nameParams,
    errors: ["backup_not_found", "backup_running"],
    responses: begun,
    handler: async (ctx, { params }) => {
      await work.verify(await found(shelf, params.name), ctx.actor.label);
      return { status: 202 };
    },
  });
}

function linkRoute({ shelf, owners, masterKey }: BackupRouteDeps): Route {
  return defineRoute({
    ...common,
    method: "POST",
    path: "/v1/backups/{name}:download",
    name: "linkBackup",
    summary: "Make a download link",
    description:
      "An owner confirms with the password and gets a link that fetches the file once, within a minute. The file holds everything: every record, and the " +
      "hashes of passwords and keys.",
    params: nameParams,
    body: z.strictObject({ password: givenPassword }),
    bodyExample: { password: "correct horse battery staple" },
    errors: ["admin_session_required", "owner_required", "password_wrong", "sign_in_throttled", "password_checks_busy", "backup_not_found"], // biome-ignore format: one list
    responses: {
      200: {
        description: "The link, relative to this server.",
        schema: linkSchema,
        example: { url: `/v1/backups/${backupsExample.items[0]?.name}/file?ticket=lf1.…`, expiresAt: "2026-11-20T10:01:00.000Z" }, // biome-ignore format: one line
      },
    },
    handler: async (ctx, { params, body, ip }) => {
      const refused = (error: unknown): never => {
        ctx.log.warn({ event: "backup_download_refused", name: params.name, by: ctx.actor.label, ip }, "a backup was not given out"); // biome-ignore format: one line
        throw error;
      };
      const by = await owners.confirm(ctx, body.password).catch(refused);
      const { name } = await found(shelf, params.name);
      const ticket = newTicket(masterKey, { name, by }, ctx.nowMs);
      const json = {
        url: `/v1/backups/${name}/file?ticket=${encodeURIComponent(ticket)}`,
        expiresAt: new Date(ctx.nowMs + ticketLifeMs).toISOString(),
      };
      return { status: 200, json };
    },
  });
}

function fetchRoute({ shelf, masterKey }: BackupRouteDeps): Route {
  return defineRoute({
    ...common,
    access: "anyone",
    method: "GET",
    path: "/v1/backups/{name}/file",
    name: "fetchBackup",
    summary: "Fetch a backup by its link",
    description: "The file, streamed. The ticket of the link is the credential, and it works once.",
    params: nameParams,
    query: ticketQuery,
    errors: ["backup_ticket_invalid", "backup_not_found"],
    responses: {
      200: { description: "The file.", schema: z.string().meta({ format: "binary" }), contentType: "application/octet-stream", example: "\u0089LFB…" }, // biome-ignore format: one line
    },
    handler: async (ctx, { params, query, ip }) => {
      const { name } = params;
      const by = await useTicket(query.ticket, name, { db: ctx.db, masterKey, nowMs: ctx.nowMs });
      const file = await found(shelf, name);
      ctx.log.warn({ event: "backup_downloaded", name, bytes: file.bytes, adminId: by, ip }, "a backup leaves the server"); // biome-ignore format: one line
      return {
        status: 200,
        stream: createReadStream(file.path, { highWaterMark: 262_144 }),
        headers: { "Content-Length": String(file.bytes), "Content-Disposition": `attachment; filename="${name}"` },
      };
    },
  });
}

function deleteRoute({ shelf, owners }: BackupRouteDeps): Route {
  return defineRoute({
    ...common,
    method: "DELETE",
    path: "/v1/backups/{name}",
    name: "deleteBackup",
    summary: "Delete a backup",
    description: "Removes the file from the server's disk, for good.",
    params: nameParams,
    errors: ["admin_session_required", "owner_required", "backup_not_found"],
    responses: { 204: { description: "Gone." } },
    handler: async (ctx, { params, ip }) => {
      await owners.require(ctx);
      const file = await found(shelf, params.name);
      await shelf.remove(file);
      ctx.log.warn({ event: "backup_deleted", name: file.name, bytes: file.bytes, by: ctx.actor.label, ip }, "backup deleted"); // biome-ignore format: one line
      return { status: 204 };
    },
  });
}

async function found(shelf: Shelf, name: string): Promise<ShelfFile> {
  const file = await shelf.find(name);
  if (!file) throw errors.backup_not_found();
  return file;
}

function fileView({ path: _path, ...file }: ShelfFile, finding: Finding | undefined) {
  if (finding === undefined || finding.bytes !== file.bytes) return { ...file, verified: null };
  const { bytes: _bytes, ...verified } = finding;
  return { ...file, verified };
}

function workView(work: SeenWork) {
  const { kind, name, by, startedAt, endedAt, done, total, bytes, message } = work;
  const isLost = work.outcome === null && work.silentForMs > silentMs;
  const outcome = isLost ? ("failed" as const) : (work.outcome ?? ("running" as const));
  const why = isLost ? "The server that ran it was killed or cut off." : message;
  return { kind, name, by, startedAt, endedAt, done, total, bytes, outcome, message: why };
}

async function planOf({ config, clock, shelf, schedule }: BackupRouteDeps, ctx: Context) {
  const figures = await backupFigures(ctx.db, config, clock.now());
  const nextAtMs = schedule.nextAt();
  return {
    ...figures,
    nextAt: nextAtMs === undefined ? null : new Date(nextAtMs).toISOString(),
    keep: config.backupKeep,
    beforeMigration: config.backupBeforeMigration,
    folder: shelf.folder,
    encrypted: config.backupPassphrase !== undefined,
    freeBytes: await freeBytes(shelf.folder).catch(() => null), // The folder is made with the first backup.
  };
}
