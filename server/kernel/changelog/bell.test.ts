import { expect, test } from "vitest";
import { createBell } from "./bell.ts";

test("a ring before the wait is kept, and many rings are one", async () => {
  const bell = createBell();
  bell.ring();
  bell.ring();
  await bell.wait(2 ** 30);
  let woke = false;
  const waiting = bell.wait(2 ** 30).then(() => {
    woke = true;
  });
  await Promise.resolve();
  expect(woke).toBe(false);
  bell.ring();
  await waiting;
});

test("without a ring the wait ends by itself", async () => {
  await createBell().wait(1);
});
