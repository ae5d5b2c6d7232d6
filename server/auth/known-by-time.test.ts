// T18: whether time tells that an address is known. A thousand samples each, known and unknown in random order, with hashes so cheap
// that they hide nothing, on the real mail room; judged by the area under the curve of the best guess from time alone.
import { tmpdir } from "node:os";
import pino from "pino";
import { expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { masterKey } from "../kernel/master-key.ts";
import { createMail } from "../mail/index.ts";
import { testUsers } from "./user.fixture.ts";

const database = testDatabase();
/** On demand: it takes minutes, and says something on a quiet machine only. */
const samples = Number(process.env.SAMPLES ?? 0);
/** What 0.5 may be missed by: about four times the spread of a coin at this number. */
const slack = 0.05;

const mailer = () =>
  createMail({
    ...{ db: database.db, clock: { now: Date.now, monotonicMs: Date.now }, log: pino({ level: "silent" }) },
    ...{ masterKey: masterKey(Buffer.alloc(32, 7)), publicUrl: "https://app.example.com", dataDir: tmpdir() },
    smtpUrl: "smtp://127.0.0.1:1", // never run: only the queue is timed
  }).mailer;
const users = testUsers(database, { emailVerification: "optional", signUp: "open" }, () => ({ mailer: mailer() }));

/** How often a random known sample took longer than a random unknown one; 0.5 is a coin. */
function areaUnderCurve(known: readonly number[], unknown: readonly number[]): number {
  const ranked = [...known.map((ms) => ({ ms, known: 1 })), ...unknown.map((ms) => ({ ms, known: 0 }))].sort((a, b) => a.ms - b.ms); // biome-ignore format: one line
  const ranks = ranked.reduce((sum, one, at) => sum + one.known * (at + 1), 0);
  return (ranks - (known.length * (known.length + 1)) / 2) / (known.length * unknown.length);
}

const calls: [operation: string, body: (email: string) => object][] = [
  ["signIn", (email) => ({ email, password: "wrong wrong" })],
  ["requestPasswordReset", (email) => ({ email })],
  ["requestEmailSignIn", (email) => ({ email })],
  ["signUp", (email) => ({ email, password: "correct horse battery" })],
];

test.skipIf(process.env.SAMPLES === undefined).each(calls)(
  "T18 %s takes as long for an unknown address as for a known one",
  { timeout: 240_000 },
  async (operation, body) => {
    const email = `known-${operation}@example.com`;
    const { accessToken } = (await users.call("signUp", { body: { email, password: "correct horse battery" } })).json;
    expect((await users.actor(accessToken)).kind).toBe("user");
    await database.db.query({ text: `UPDATE landfall.account SET "emailVerifiedAt" = clock_timestamp()` });
    await database.db.query({ text: `UPDATE landfall."authSetting" SET settings = '{}'` });
    const times: Record<"known" | "unknown", number[]> = { known: [], unknown: [] };
    const outcomes = new Set<unknown>();
    for (let at = -50; at < samples * 2; at++) {
      const kind = Math.random() < 0.5 ? "known" : "unknown";
      const asked = kind === "known" ? email : `nobo${String(at + 50).padStart(email.length - 16, "d")}@example.com`;
      users.clock.advance(3_600_000); // every budget is whole again
      const startedMs = performance.now();
      const ended = await users.call(operation, { body: body(asked) }).catch((error: { code: string }) => error);
      if (at >= 0) times[kind].push(performance.now() - startedMs);
      outcomes.add("code" in ended ? ended.code : ended.status);
    }
    await database.db.query({
      text: `UPDATE landfall."authSetting" SET settings = '{"emailVerification":"optional"}'`,
    });
    expect([...outcomes]).toEqual([operation === "signIn" ? "sign_in_failed" : 202]);
    const area = areaUnderCurve(times.known, times.unknown);
    expect(Math.abs(area - 0.5), `area ${area.toFixed(3)}`).toBeLessThan(slack);
  },
);
