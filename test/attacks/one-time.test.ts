// T11: whatever is given out once is taken once. Twenty at a time, again and again, against each way to spend a challenge and each
// token that is replaced by another. `ONE_TIME_RUNS=30` for the long run.
import { describe, expect, test } from "vitest";
import { challengePurposes } from "../../server/auth/challenge.ts";
import { systemClock } from "../../server/kernel/clock.ts";
import { testDatabase } from "../support/database.ts";
import { identitySettings, newPerson, openIdentities, signing } from "../support/identity-world.ts";
import { call, testServer } from "../support/server.ts";

const runs = Number(process.env.ONE_TIME_RUNS ?? 5);
const parallel = 20;
const database = testDatabase();
const server = testServer(identitySettings);
const lifeMs = 600_000;
const now = 1_800_000_000_000;

const many = <Result>(ask: (n: number) => Promise<Result>) => Promise.all(Array.from({ length: parallel }, (_, n) => ask(n))); // biome-ignore format: one line
const challenges = () => signing(database.db, systemClock).challenges;
const given = (answers: readonly unknown[]) => answers.filter((answer) => answer !== undefined).length;
const otherCode = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, "0");

describe("T11 one of twenty", () => {
  test.each(challengePurposes)("%s: by its secret, its link, its code, and all of them at once", async (purpose) => {
    const { make, spend, spendWithCode } = challenges();
    for (let run = 0; run < runs; run++) {
      const alone = await make(database.db, { purpose, lifeMs }, now);
      expect(given(await many(() => spend(database.db, purpose, alone.secret, now)))).toBe(1);

      const linked = await make(database.db, { purpose, lifeMs, withLink: true }, now);
      expect(given(await many((n) => spend(database.db, purpose, (n % 2 ? linked.link : linked.secret) as string, now)))).toBe(1); // biome-ignore format: one line

      const coded = await make(database.db, { purpose, lifeMs, withCode: true, withLink: true }, now);
      const both = await many((n) =>
        n % 2
          ? spend(database.db, purpose, coded.link as string, now)
          : spendWithCode(database.db, purpose, { secret: coded.secret, code: coded.code as string }, now),
      );
      expect(given(both)).toBe(1);
    }
    expect(await database.db.query({ text: "SELECT id FROM landfall.challenge" })).toEqual([]);
  });

  test("T22 of a hundred guesses at once five are looked at, and the right one after them is too late", async () => {
    const { make, spendWithCode, spend } = challenges();
    for (let run = 0; run < runs; run++) {
      const { secret, code, link } = await make(database.db, { purpose: "signIn", lifeMs, withCode: true, withLink: true }, now); // biome-ignore format: one line
      const wrong = { secret, code: otherCode(code as string) };
      await Promise.all(Array.from({ length: 100 }, () => spendWithCode(database.db, "signIn", wrong, now)));
      expect(await database.db.query({ text: `SELECT "triesLeft" FROM landfall.challenge` })).toEqual([{ triesLeft: 0 }]); // biome-ignore format: one line
      expect(await spendWithCode(database.db, "signIn", { secret, code: code as string }, now)).toBeUndefined();
      // Whoever guessed at the code has not closed the way of whoever has the mail.
      expect(await spend(database.db, "signIn", link as string, now)).toBeDefined();
    }
  });

  test("T30 one purpose's secret opens no other, alone, as a link or with its code, and is left as it was", async () => {
    const { make, spend, spendWithCode, peek } = challenges();
    for (const purpose of challengePurposes) {
      const { secret, code, link } = await make(database.db, { purpose, lifeMs, withCode: true, withLink: true }, now); // biome-ignore format: one line
      for (const other of challengePurposes.filter((one) => one !== purpose)) {
        for (const text of [secret, link as string]) {
          expect(await spend(database.db, other, text, now)).toBeUndefined();
          expect(await peek(database.db, other, text, now)).toBeUndefined();
        }
        expect(await spendWithCode(database.db, other, { secret, code: code as string }, now)).toBeUndefined();
      }
      // The secret alone is not enough where there is a code, and the code goes with no other secret.
      expect(await spend(database.db, purpose, secret, now)).toBeUndefined();
      expect(await spendWithCode(database.db, purpose, { secret: link as string, code: code as string }, now)).toBeUndefined(); // biome-ignore format: one line
      expect(await spendWithCode(database.db, purpose, { secret, code: code as string }, now + lifeMs)).toBeUndefined();
      const [row] = await database.db.query<{ triesLeft: number }>({ text: `SELECT "triesLeft" FROM landfall.challenge WHERE purpose = $1`, values: [purpose] }); // biome-ignore format: one line
      expect(row).toEqual({ triesLeft: 5 });
      expect(await spendWithCode(database.db, purpose, { secret, code: code as string }, now)).toBeDefined();
    }
  });

  test("a sealed challenge moved to another row does not open", async () => {
    const { make, spend } = challenges();
    const mine = await make(database.db, { purpose: "signUp", lifeMs, data: { email: "me@example.com" } }, now);
    const theirs = await make(database.db, { purpose: "signUp", lifeMs, data: { email: "them@example.com" } }, now);
    await database.db.query({ text: "UPDATE landfall.challenge SET sealed = (SELECT sealed FROM landfall.challenge WHERE id = $2) WHERE id = $1", values: [mine.id, theirs.id] }); // biome-ignore format: one line
    await expect(spend(database.db, "signUp", mine.secret, now)).rejects.toThrow();
  });
});

describe("T15 refresh tokens over HTTP", () => {
  const refresh = (refreshToken: string) =>
    call(server.url, "POST", "/v1/auth/refresh", { refreshToken }, { as: null });

  test("twenty at once get one successor, and the family lives", async () => {
    await openIdentities(server.url);
    for (let run = 0; run < runs; run++) {
      let { refreshToken } = await newPerson(server.url, server.database.db);
      for (let rotation = 0; rotation < 3; rotation++) {
        const answers = await many(() => refresh(refreshToken));
        expect(answers.map(({ status }) => status)).toEqual(Array(parallel).fill(200));
        const successors = new Set(answers.map(({ json }) => json.refreshToken as string));
        expect(successors.size).toBe(1);
        refreshToken = [...successors][0] as string;
      }
    }
  });

  test("a thief with an old token and the owner with the new one, at once: both are out, and the log says so", async () => {
    for (let run = 0; run < runs; run++) {
      const first = await newPerson(server.url, server.database.db);
      const second = (await refresh(first.refreshToken)).json;
      const third = (await refresh(second.refreshToken)).json;
      await many((n) => refresh(n % 2 ? first.refreshToken : third.refreshToken));
      for (const token of [first, second, third]) expect((await refresh(token.refreshToken)).status).toBe(401);
      const events = await server.database.db.query({ text: `SELECT event FROM landfall.audit WHERE "sessionId" = $1 AND event = 'refresh_reused'`, values: [first.sessionId] }); // biome-ignore format: one line
      expect(events).toHaveLength(1);
    }
  });

  test("a sign-out beside twenty refreshes leaves no token that works", async () => {
    for (let run = 0; run < runs; run++) {
      const person = await newPerson(server.url, server.database.db);
      const [answers] = await Promise.all([
        many(() => refresh(person.refreshToken)),
        call(server.url, "POST", "/v1/auth/sign-out", {}, { as: person.accessToken }),
      ]);
      for (const { status, json } of answers) {
        expect([200, 401]).toContain(status);
        if (status !== 200) continue;
        expect((await refresh(json.refreshToken)).status).toBe(401);
        expect((await call(server.url, "GET", "/v1/auth/me", undefined, { as: json.accessToken })).status).toBe(401);
      }
    }
  });
});
