// The sweeper: removes what expired, keeps what lives, survives a failing database, stops when told.
import pino from "pino";
import { expect, test, vi } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import type { Db } from "../kernel/db/index.ts";
import { manualClock, password, testAuth } from "./auth.fixture.ts";
import { createAdmin } from "./index.ts";
import { createSweeper } from "./sweep.ts";

const database = testDatabase();
const silent = pino({ level: "silent" });
const sessions = async () => (await database.db.query({ text: "SELECT id FROM landfall.session" })).length;

test("expired sessions and whole budgets go, living ones stay", async () => {
  const t = testAuth(database.db);
  const email = "owner@example.com";
  await createAdmin(database.db, { email, password }, t);
  const signIn = () => t.call("signInAdmin", { body: { email, password } });
  await signIn();
  t.clock.advance(24 * 3_600_000);
  const { token } = (await signIn()).json;
  expect(await sessions()).toBe(2);
  const sweeper = createSweeper({ db: database.db, clock: t.clock, log: silent, everyMs: 5 });
  await sweeper.run();
  await vi.waitFor(async () => expect(await sessions()).toBe(1), { timeout: 10_000 });
  await sweeper.stop();
  expect((await t.actor(token)).kind).toBe("admin");
});

test("a failing round is logged and the next one runs; after stop nothing runs", async () => {
  let rounds = 0;
  const failing = {
    query: async () => {
      rounds++;
      throw new Error("connection lost");
    },
  } as unknown as Db;
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => lines.push(line) });
  const sweeper = createSweeper({ db: failing, clock: manualClock(), log, everyMs: 1 });
  await sweeper.run();
  await vi.waitFor(() => expect(rounds).toBeGreaterThan(2), { timeout: 10_000 });
  await sweeper.drain();
  await sweeper.stop();
  const after = rounds;
  await new Promise((resolve) => setImmediate(resolve));
  expect([rounds, lines.length]).toEqual([after, after]);
});
