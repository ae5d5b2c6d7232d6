// What is said of a Postgres that ends while it starts, from what it printed.
import { expect, test } from "vitest";
import { Exit } from "../exit.ts";
import { ClusterBusy, whyEnded } from "./postmaster.ts";

const stamp = "2026-11-20 19:58:12.301 UTC [29032]";

test("a full disk is an expected end that names the folder and what to do", () => {
  const output = `${stamp} LOG:  starting PostgreSQL 18.4\n${stamp} FATAL:  could not write to file "pg_wal/xlogtemp.29032": No space left on device\n${stamp} LOG:  database system is shut down\n`;
  const error = whyEnded(1, output, "/srv/data/pg/18");
  expect(error).toBeInstanceOf(Exit);
  expect(error).toMatchObject({
    reason: "data_dir_refused",
    message: expect.stringMatching(/^The disk of \/srv\/data\/pg\/18 is full, .* Make room there .*unchanged\.$/),
  });
});

test("another Postgres on the folder is waited for, everything else is told as it is", () => {
  expect(whyEnded(1, `${stamp} FATAL:  lock file "postmaster.pid" already exists`, "/x")).toBeInstanceOf(ClusterBusy);
  expect(whyEnded(3, `${stamp} FATAL:  could not map anonymous shared memory`, "/x").message).toBe(
    "Postgres ended with code 3: FATAL:  could not map anonymous shared memory",
  );
});
