import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { createLending, type Lent } from "./lending.ts";

/** A pool without Postgres: each connection is a number; `refuse` makes the next attempt fail. */
function fakePool() {
  const state = { made: 0, closed: 0, released: 0, refuse: false };
  const pool = {
    connect: async () => {
      if (state.refuse) throw new Error("connect ECONNREFUSED");
      state.made += 1;
      const release = (error?: Error) => void (error ? state.closed++ : state.released++);
      return Object.assign(new EventEmitter(), { release });
    },
  };
  return { state, pool: pool as never };
}

test("a connection goes from one to the next, in the order in which they came, and to the pool when nobody waits", async () => {
  const { state, pool } = fakePool();
  const lending = createLending({ pool, max: 1, timeoutMs: 60_000 });
  const first = await lending.take();
  const order: number[] = [];
  const others = [1, 2, 3].map(async (n) => {
    const lent = await lending.take();
    order.push(n);
    lending.giveBack(lent);
  });
  expect([lending.waitingCount, state.made]).toEqual([3, 1]);
  lending.giveBack(first);
  await Promise.all(others);
  expect([order, state]).toEqual([[1, 2, 3], { made: 1, closed: 0, released: 1, refuse: false }]);
});

test("one that breaks is closed, and who waits gets another", async () => {
  const { state, pool } = fakePool();
  const lending = createLending({ pool, max: 1, timeoutMs: 60_000 });
  const first = await lending.take();
  const second = lending.take();
  first.client.emit("error", new Error("Connection terminated"));
  lending.giveBack(first);
  const lent = await second;
  expect(lent.client).not.toBe(first.client);
  lending.giveBack(lent);
  expect(state).toMatchObject({ made: 2, closed: 1, released: 1 });
});

test("a connection that cannot be made is told to everybody in turn, and its place is free again", async () => {
  const { state, pool } = fakePool();
  state.refuse = true;
  const lending = createLending({ pool, max: 1, timeoutMs: 60_000 });
  const outcomes = await Promise.allSettled([lending.take(), lending.take(), lending.take()]);
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  state.refuse = false;
  lending.giveBack(await lending.take());
  expect(state).toMatchObject({ made: 1, released: 1 });
});

test("who waits too long is refused, who came later waits on", async () => {
  const { pool } = fakePool();
  const lending = createLending({ pool, max: 1, timeoutMs: 100 });
  const first = await lending.take();
  const early = lending.take();
  let late: Promise<Lent> | undefined;
  setTimeout(() => {
    late = lending.take();
  }, 60);
  await expect(early).rejects.toThrow("timeout exceeded when trying to connect");
  expect(lending.waitingCount).toBe(1);
  lending.giveBack(first);
  expect((await late)?.client).toBe(first.client);
});
