// One statement whose rows are wanted as Postgres' own texts: pg's Query without what such rows do not need. It asks for no
// row description (the reader of the rows wrote their select list), parses no type, makes no object of a row, and sends
// Bind, Execute and Sync in one piece. Postgres' answer to Bind still says when a plan's result type has changed.
import type pg from "pg";
import { octetsOfText } from "../octets.ts";
import type { TextResult, TextRow } from "./index.ts";
import { type RowTap, tapOf } from "./octet-rows.ts";

/** What of pg's connection is used; pg's own Query does the same with it. */
interface Connection {
  readonly stream: { readonly writable: boolean; cork(): void; uncork(): void; write(bytes: Buffer): boolean };
  /** By name, the text of what Postgres has prepared, and of what it was asked to. */
  readonly parsedStatements: { [name: string]: string };
  readonly submittedNamedStatements: { [name: string]: string };
  parse(statement: { text: string; name: string }): void;
  sendCopyFail(reason: string): void;
  sync(): void;
}

/** Bytes are in the binary form of their type. */
export type BoundValue = string | Buffer | null;

export interface TextStatement {
  readonly text: string;
  /** Empty: parsed and planned each time. */
  readonly name: string;
  readonly values: readonly BoundValue[];
  /** Rows as octets, straight off the wire. */
  readonly octets?: boolean;
}

/** Undefined when a value has no text that would be right for every type: lists, dates, objects. Bytes go as they are. */
export function textValues(values: readonly unknown[]): readonly BoundValue[] | undefined {
  let changed: BoundValue[] | undefined;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (typeof value === "string" || value === null || Buffer.isBuffer(value)) continue;
    changed ??= [...values] as BoundValue[];
    if (value === undefined) changed[i] = null;
    else if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint")
      changed[i] = String(value);
    else return undefined;
  }
  return changed ?? (values as readonly BoundValue[]);
}

export function sendTexts(client: pg.ClientBase, statement: TextStatement): Promise<TextResult> {
  return new Promise<TextResult>((resolve, reject) => {
    client.query(
      new TextQuery(statement, (error, result) => {
        if (result) return resolve(result);
        // The stack of the socket's reader says nothing; ours at least names the statement's way.
        if (error) Error.captureStackTrace(error);
        reject(error);
      }),
    );
  });
}

/** What pg's client drives through a statement's life. It replaces `callback` by one that knows the read timeout. */
class TextQuery implements pg.Submittable {
  readonly text: string;
  readonly name: string;
  /** Made before pg takes the query over: what cannot be sent fails here, and not with a connection half-way through. */
  readonly #message: Buffer;
  readonly #rows: TextRow[] = [];
  readonly #octets: boolean;
  #tap: RowTap | undefined;
  #count = 0;
  callback: (error: Error | null, result?: TextResult) => void;

  constructor({ text, name, values, octets = false }: TextStatement, callback: TextQuery["callback"]) {
    this.text = text;
    this.name = name;
    this.#octets = octets;
    this.#message = boundMessage(name, values);
    this.callback = callback;
  }

  /** An error returned, not thrown, is how pg learns that nothing was sent. */
  submit(given: pg.Connection): Error | undefined {
    const connection = given as unknown as Connection;
    const { stream } = connection;
    const known = connection.parsedStatements[this.name] ?? connection.submittedNamedStatements[this.name];
    if (known !== undefined && known !== this.text) return new Error(`two statements are named ${this.name}`);
    if (this.#octets) {
      this.#tap = tapOf(stream);
      if (this.#tap) this.#tap.sink = this;
    }
    if (known !== undefined) {
      if (stream.writable) stream.write(this.#message);
      return undefined;
    }
    stream.cork();
    connection.parse({ text: this.text, name: this.name });
    if (this.name !== "") connection.submittedNamedStatements[this.name] = this.text;
    if (stream.writable) stream.write(this.#message);
    stream.uncork();
    return undefined;
  }

  takeRow(row: TextRow): void {
    this.#rows.push(row);
  }

  handleDataRow({ fields }: { readonly fields: TextRow }): void {
    this.#rows.push(this.#octets ? octetsOfRow(fields) : fields);
  }

  /** `INSERT 0 5`, `UPDATE 3`: the last word counts the rows. */
  handleCommandComplete({ text }: { readonly text: string }): void {
    this.#count = Number(text.slice(text.lastIndexOf(" ") + 1)) || 0;
  }

  handleReadyForQuery(): void {
    this.#leaveTap();
    this.callback(null, { rows: this.#rows, count: this.#count });
  }

  handleError(error: Error): void {
    this.#leaveTap();
    this.callback(error);
  }

  #leaveTap(): void {
    if (this.#tap?.sink === this) this.#tap.sink = undefined;
  }

  handleCopyInResponse(given: pg.Connection): void {
    const connection = given as unknown as Connection;
    connection.sendCopyFail("COPY is not how texts are asked for");
    // Postgres took the Sync of before as a part of the copy.
    connection.sync();
  }

  handleRowDescription(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
  handleCopyData(): void {}
}

export const octetsOfRow = (row: TextRow): TextRow => row.map((text) => (text === null ? null : octetsOfText(text)));

/** Execute of the unnamed portal, every row of it, and Sync. */
const tail = Buffer.from([0x45, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0x53, 0, 0, 0, 4]);

/** Bind (unnamed portal, every column as text), then `tail`. */
function boundMessage(name: string, values: readonly BoundValue[]): Buffer {
  const sizes = new Array<number>(values.length);
  // One format for each value, and none at all where all are texts.
  const formats = values.some(Buffer.isBuffer) ? values.length : 0;
  let size = 1 + 4 + 1 + Buffer.byteLength(name) + 1 + 2 + 2 * formats + 2 + 2;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as BoundValue;
    const bytes = value === null ? -1 : Buffer.byteLength(value);
    sizes[i] = bytes;
    size += 4 + Math.max(bytes, 0);
  }
  const bytes = Buffer.allocUnsafe(size + tail.length);
  bytes[0] = 0x42;
  bytes.writeInt32BE(size - 1, 1);
  bytes[5] = 0;
  let at = 6 + bytes.write(name, 6);
  bytes[at++] = 0;
  at = bytes.writeUInt16BE(formats, at);
  for (let i = 0; i < formats; i++) at = bytes.writeInt16BE(Buffer.isBuffer(values[i]) ? 1 : 0, at);
  at = bytes.writeUInt16BE(values.length, at);
  for (let i = 0; i < values.length; i++) {
    at = bytes.writeInt32BE(sizes[i] as number, at);
    const value = values[i] as BoundValue;
    if (value !== null) at += typeof value === "string" ? bytes.write(value, at) : value.copy(bytes, at);
  }
  bytes.writeInt16BE(0, at);
  tail.copy(bytes, size);
  return bytes;
}
