import { expect, test } from "vitest";
import { createTurns } from "./turns.ts";

function loop() {
  const planned: (() => void)[] = [];
  return {
    nextTurn: (run: () => void) => void planned.push(run),
    turn() {
      for (const run of planned.splice(0)) run();
    },
    isIdle: () => planned.length === 0,
  };
}

test("what comes first is done at once, the rest in the order in which it came, some each turn", () => {
  const { nextTurn, turn, isIdle } = loop();
  const turns = createTurns(3, nextTurn);
  const done: number[] = [];
  for (let n = 0; n < 8; n++) turns(() => done.push(n));
  expect(done).toEqual([0, 1, 2]);
  turn();
  expect(done).toEqual([0, 1, 2, 3, 4, 5]);
  // Who comes now waits behind those who wait.
  turns(() => done.push(8));
  turn();
  expect(done).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  turn();
  turn();
  expect(isIdle()).toBe(true);
  turns(() => done.push(9));
  expect(done.at(-1)).toBe(9);
});

test("a thousand at once leave the database its turns", async () => {
  const turns = createTurns(32);
  let [done, between] = [0, 0];
  await new Promise<void>((resolve) => {
    for (let n = 0; n < 1_000; n++)
      turns(() => {
        done += 1;
        if (done === 1_000) resolve();
      });
    const look = () => {
      between += 1;
      if (done < 1_000) setImmediate(look);
    };
    setImmediate(look);
  });
  expect(between).toBeGreaterThan(20);
});
