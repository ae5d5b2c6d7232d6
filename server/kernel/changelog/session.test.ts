import pg from "pg";
import { pino } from "pino";
import { expect, test } from "vitest";
import { testDatabase } from "../../../test/support/database.ts";
import { createSession } from "./session.ts";

const database = testDatabase();

/** A connection that is there when the test says so. */
function slowly() {
  const gate = Promise.withResolvers<void>();
  const clients: pg.Client[] = [];
  const asked = Promise.withResolvers<void>();
  const connect = async () => {
    asked.resolve();
    await gate.promise;
    const client = new pg.Client(database.connection);
    clients.push(client);
    await client.connect();
    return client;
  };
  return { connect, gate, asked: asked.promise, clients };
}

test("a session that is stopped while it connects ends, and leaves no connection behind", async () => {
  const { connect, gate, asked, clients } = slowly();
  const session = createSession({
    connect,
    channels: ["test_channel"],
    idleTimeoutMs: 1_000,
    retryMs: 10,
    probe: () => "word",
    log: pino({ level: "silent" }),
    heard: () => {},
    changed: () => expect.unreachable(),
  });
  session.start();
  await asked;
  const stopping = session.stop();
  gate.resolve();
  await stopping;
  expect(session.connected).toBe(false);
  const open = () => database.db.query({ text: `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_notify($1, $2)%' AND pid <> pg_backend_pid()` }); // biome-ignore format: one line
  expect(clients).toHaveLength(1);
  await expect.poll(open).toEqual([]);
});
