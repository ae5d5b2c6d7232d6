// The shapes of this room's input and output.
import { z } from "zod";
import { fileName, kinds } from "./shelf.ts";

const time = z.iso.datetime();
const name = "by-hand-20261120T100000Z.lfbackup";

export const nameParams = z.object({
  name: z.string().regex(fileName, "is no name of a backup").meta({ description: "The file's name.", example: name }),
});
export const ticketQuery = z.strictObject({
  ticket: z.string().min(1).max(1_000).meta({ description: "As the link carries it.", example: "lf1.…" }),
});
/** Bounded before anything is hashed; whether it is right is the auth room's question. */
export const givenPassword = z.string().max(2_000).meta({ description: "The owner's password." });

export const linkSchema = z.object({ url: z.string(), expiresAt: time });

const verifiedSchema = z.object({
  at: time,
  ok: z.boolean(),
  message: z
    .string()
    .nullable()
    .meta({ description: "What is wrong with the file, or what a restore of it would lack." }),
  tables: z.int().nullable(),
  rows: z.int().nullable(),
  tookMs: z.int().meta({ description: "What the restore took." }),
});

const backupSchema = z
  .object({
    name: z.string(),
    kind: z.enum(kinds),
    at: time,
    bytes: z.int(),
    encrypted: z.boolean().nullable().meta({ description: "Null when the beginning of the file cannot be read." }),
    version: z.string().nullable().meta({ description: "The server's that took it; null when the file is encrypted." }),
    verified: verifiedSchema.nullable().meta({ description: "What the last rehearsal of this file found." }),
  })
  .meta({ id: "Backup", description: "A file that holds the whole installation." });

const workSchema = z
  .object({
    kind: z.enum(["take", "verify"]),
    name: z.string(),
    by: z.string(),
    startedAt: time,
    endedAt: time.nullable(),
    done: z.int().meta({ description: "Tables done." }),
    total: z.int().nullable().meta({ description: "Tables in all; null until that is known." }),
    bytes: z.int(),
    outcome: z.enum(["running", "done", "failed", "cancelled"]),
    message: z.string().nullable(),
  })
  .meta({ id: "BackupWork", description: "The backup or rehearsal that runs, or ran last." });

const planSchema = z.object({
  schedule: z.string().nullable(),
  nextAt: time.nullable(),
  runningSince: time.nullable().meta({ description: "Of a scheduled backup that runs now." }),
  keep: z.int().meta({ description: "Scheduled backups that are kept." }),
  beforeMigration: z.boolean(),
  folder: z.string(),
  encrypted: z.boolean().meta({ description: "Whether the next one will be." }),
  freeBytes: z.int().nullable(),
  lastSuccess: z.object({ at: time, tookMs: z.int(), bytes: z.int() }).nullable(),
  lastFailure: z.object({ at: time, message: z.string() }).nullable(),
  warning: z.string().nullable(),
});

export const backupsSchema = z.object({
  items: z.array(backupSchema),
  nextCursor: z.null(),
  work: workSchema.nullable(),
  plan: planSchema,
});

export const backupsExample: z.output<typeof backupsSchema> = {
  items: [
    {
      ...{
        name,
        kind: "by-hand",
        at: "2026-11-20T10:00:00.000Z",
        bytes: 1_843_200,
        encrypted: false,
        version: "0.1.0",
      },
      verified: { at: "2026-11-20T10:05:00.000Z", ok: true, message: null, tables: 9, rows: 4_200, tookMs: 2_140 },
    },
  ],
  nextCursor: null,
  work: {
    ...{ kind: "take", name, by: "admin:0198c0de-0000-7000-8000-000000000001", startedAt: "2026-11-20T10:00:00.000Z" },
    ...{ endedAt: "2026-11-20T10:00:02.000Z", done: 9, total: 9, bytes: 4_100_000, outcome: "done", message: null },
  },
  plan: {
    ...{ schedule: "15 3 * * *", nextAt: "2026-11-21T03:15:00.000Z", keep: 7, beforeMigration: true, warning: null },
    ...{ folder: "/data/backups", encrypted: false, freeBytes: 52_000_000_000, lastFailure: null, runningSince: null },
    lastSuccess: { at: "2026-11-20T03:15:00.000Z", tookMs: 1_900, bytes: 1_840_000 },
  },
};
