// However the network cuts what Postgres sends: rows reach the statement whole, everything else the parser, in its order.
import fc from "fast-check";
import { expect, test } from "vitest";
import { testDatabase } from "../../../test/support/database.ts";
import { octetsOfText, textOfOctets } from "../octets.ts";
import type { TextRow } from "./index.ts";
import { RowTap } from "./octet-rows.ts";

const database = testDatabase();

function frame(code: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(code, "latin1");
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function rowFrame(row: TextRow): Buffer {
  const count = Buffer.alloc(2);
  count.writeUInt16BE(row.length);
  const cells = row.flatMap((text) => {
    const size = Buffer.alloc(4);
    const bytes = Buffer.from(text ?? "");
    size.writeInt32BE(text === null ? -1 : bytes.length);
    return [size, bytes];
  });
  return frame("D", Buffer.concat([count, ...cells]));
}

const text = fc.string({ unit: "binary", maxLength: 40 });
const message = fc.oneof(
  fc.record({ row: fc.array(fc.option(text), { maxLength: 4 }) }),
  fc.record({ other: fc.constantFrom("2", "C", "Z", "N", "S", "A"), body: fc.uint8Array({ maxLength: 30 }) }),
);

test("rows and messages arrive as sent for every way of cutting the stream, with and without somebody waiting", () => {
  const cuts = fc.array(fc.integer({ min: 1, max: 17 }), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 12 }), cuts, fc.boolean(), (messages, sizes, waiting) => {
      const forwarded: Buffer[] = [];
      const rows: TextRow[] = [];
      const tap = new RowTap((bytes) => forwarded.push(Buffer.from(bytes)));
      if (waiting) tap.sink = { takeRow: (row) => rows.push(row.map((cell) => cell && textOfOctets(cell))) };
      const sent: Buffer[] = [];
      const expected: Buffer[] = [];
      for (const one of messages) {
        const bytes = "row" in one ? rowFrame(one.row) : frame(one.other, Buffer.from(one.body));
        sent.push(bytes);
        if (!("row" in one && waiting)) expected.push(bytes);
      }
      const stream = Buffer.concat(sent);
      for (let at = 0, n = 0; at < stream.length; n++) {
        const size = sizes[n % sizes.length] as number;
        tap.take(stream.subarray(at, at + size));
        at += size;
      }
      expect(Buffer.concat(forwarded)).toEqual(Buffer.concat(expected));
      expect(rows).toEqual(waiting ? messages.flatMap((one) => ("row" in one ? [one.row] : [])) : []);
    }),
    { numRuns: 500 },
  );
});

test("octets of a text and back", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (given) => {
      expect(textOfOctets(octetsOfText(given))).toBe(given);
      expect(octetsOfText(given)).toBe(Buffer.from(given).toString("latin1"));
    }),
  );
});

test("rows in octets are the rows in texts: long, many, null, by name and without, with lists among the values", async () => {
  const db = database.open({ max: 1 });
  const values = ["", null, "Ω 中 \u{1F600} \u2028", 'a "b" \\ \u0001', "é".repeat(200_000)];
  const statement = {
    text: "SELECT n::text, $1::text, $2::text, $3::text, $4::text, repeat($5::text, n % 2) FROM generate_series(1, 40) n",
    values,
  };
  const same = async (given: { text: string; values: readonly unknown[]; name?: string }) => {
    const [texts, octets] = [await db.texts(given), await db.octets(given)];
    expect(octets.rows.map((row) => row.map((cell) => cell && textOfOctets(cell)))).toEqual(texts.rows);
    expect(octets.count).toBe(texts.count);
  };
  for (let round = 0; round < 3; round++) {
    await same(statement);
    await same({ ...statement, name: "octets_test" });
    await same({ text: "SELECT unnest($1::text[]), $2::int8", values: [["ä", 'b"', null], 5] });
    await same({ text: "SELECT 1 WHERE $1::bool", values: [false] });
  }
});

test("a statement that fails in the middle of its rows leaves the connection as usable", async () => {
  const db = database.open({ max: 1 });
  const [{ pid } = {}] = await db.query<{ pid: number }>({ text: "SELECT pg_backend_pid() AS pid" });
  const failing = { text: "SELECT repeat('x', 5000), 10 / (20 - n) FROM generate_series(1, 30) n", values: [] };
  for (let round = 0; round < 3; round++) {
    await expect(db.octets(failing)).rejects.toMatchObject({ code: "22012" });
    expect(await db.query({ text: "SELECT pg_backend_pid() AS pid, 'ä' AS text" })).toEqual([{ pid, text: "ä" }]);
    expect((await db.texts({ text: "SELECT 'ä', pg_backend_pid()" })).rows).toEqual([["ä", String(pid)]]);
  }
});

test("in a transaction, between other statements", async () => {
  await database.db.transaction(async (tx) => {
    await tx.query({ text: "CREATE TEMP TABLE kept (t text) ON COMMIT DROP" });
    expect((await tx.octets({ text: "INSERT INTO kept VALUES ('ä'), ('b') RETURNING t" })).rows).toEqual([
      ["Ã¤"],
      ["b"],
    ]);
    expect(await tx.query({ text: "SELECT t FROM kept ORDER BY t" })).toHaveLength(2);
  });
});
