// The values of many new records, side by side in columns: one array parameter each. A record without fault goes from its
// body into the columns with nothing in between; about any other the reader of one record is asked, and says what is wrong.
import { textArrayBytes } from "../kernel/db/text-array.ts";
import type { FieldKind } from "./field.ts";
import type { Env } from "./query-sql.ts";
import { type Audience, idField, isJoined, isSystemField, knownField, knownFields } from "./record-fields.ts";
import { recordId } from "./record-id.ts";
import { type InputOptions, wholeRecord } from "./record-values.ts";
import { textsOf } from "./record-write-values.ts";
import type { FieldDefinition, Schema } from "./types.ts";
import type { Build } from "./visibility-types.ts";

/** A field and its columns, of which the id is number 0. */
interface Place {
  readonly field: FieldDefinition;
  readonly kind: FieldKind;
  readonly at: number;
  /** What a record holds that does not name it; undefined when it must. */
  readonly left: readonly (string | null)[] | undefined;
}

export interface BulkLayout {
  readonly places: readonly Place[];
  /** Those that the caller may name. */
  readonly named: ReadonlyMap<string, Place>;
  /** What an exported record holds and an import passes over. */
  readonly passed: ReadonlySet<string>;
  /** Fields whose write rule is asked only of the records that name them: a column each, behind the others. */
  readonly guarded: readonly FieldDefinition[];
  readonly guardedAt: number;
}

export function bulkLayout(
  { kinds, audience }: Pick<Build, "kinds" | "audience">,
  schema: Schema,
  guarded: readonly FieldDefinition[],
): BulkLayout {
  const places: Place[] = [];
  let next = 1;
  for (const field of schema.fields) {
    if (field.type === "autodate") continue;
    const kind = kinds(field);
    const parsed = kind.parse(field, field.default ?? null, "");
    const left = parsed.ok ? textsIn(kind, field, parsed.value) : undefined;
    places.push({ field, kind, at: next, left });
    next += isJoined(field) ? 1 : kind.columns(field).length;
  }
  const known = places.filter(({ field }) => knownField(schema, field.name, audience) === field);
  const ours = knownFields(schema, audience).filter(
    ({ name, type }) => name !== idField.name && (isSystemField(name) || type === "autodate"),
  );
  return {
    places,
    named: new Map(known.map((place) => [place.field.name, place])),
    passed: new Set(ours.map(({ name }) => name)),
    guarded,
    guardedAt: next,
  };
}

const textsIn = (kind: FieldKind, field: FieldDefinition, value: Parameters<FieldKind["params"]>[1]) =>
  isJoined(field) ? (textsOf(() => kind, [{ field, kind: "set", value }])[0] ?? []) : kind.params(field, value);

export interface BulkReading {
  readonly schema: Schema;
  readonly kinds: InputOptions["kinds"];
  readonly audience: Audience;
  readonly forgiving: boolean;
  newId(): string;
}

export class BulkColumns {
  readonly ids: string[] = [];
  readonly #layout: BulkLayout;
  readonly #reading: BulkReading;
  readonly #columns: (string | null)[][];
  /** Of each joined field the records' lists, where one is not empty. */
  readonly lists = new Map<FieldDefinition, Map<number, readonly string[]>>();

  constructor(layout: BulkLayout, reading: BulkReading) {
    this.#layout = layout;
    this.#reading = reading;
    const others = layout.guardedAt + layout.guarded.length - 1;
    this.#columns = [this.ids, ...Array.from({ length: others }, (): (string | null)[] => [])];
  }

  /** `at`: the record's place, as its problem names it. */
  add(body: unknown, at: string): void {
    const id = this.#take(body) ?? this.#explained(body, at);
    this.ids.push(id);
    const { guarded, guardedAt } = this.#layout;
    guarded.forEach(({ name }, n) => {
      this.#push(guardedAt + n, Object.hasOwn(body as object, name) ? "t" : "f");
    });
  }

  /** The record's id, or undefined when there is something to say about it; then nothing of it was kept. */
  #take(body: unknown): string | undefined {
    if (typeof body !== "object" || body === null || Array.isArray(body)) return undefined;
    let id: string | undefined;
    for (const name of Object.keys(body)) {
      const value = (body as Record<string, unknown>)[name];
      const place = this.#layout.named.get(name);
      if (place) {
        const parsed = place.kind.parse(place.field, value, "");
        if (!parsed.ok) return this.#undone();
        this.#put(place, parsed.value);
      } else if (name === idField.name) {
        if (typeof value !== "string" || !recordId.test(value)) return this.#undone();
        id = value;
      } else if (!this.#reading.forgiving || !this.#layout.passed.has(name)) return this.#undone();
    }
    const row = this.ids.length;
    for (const { at, left } of this.#layout.places) {
      if ((this.#columns[at] as (string | null)[]).length > row) continue;
      if (!left) return this.#undone();
      for (let i = 0; i < left.length; i++) this.#push(at + i, left[i] as string | null);
    }
    return id ?? this.#reading.newId();
  }

  #put({ field, kind, at }: Place, value: Parameters<FieldKind["params"]>[1]): void {
    const texts = textsIn(kind, field, value);
    for (let i = 0; i < texts.length; i++) this.#push(at + i, texts[i] as string | null);
    if (!isJoined(field) || (value as readonly string[]).length === 0) return;
    const lists = this.lists.get(field) ?? new Map<number, readonly string[]>();
    this.lists.set(field, lists.set(this.ids.length, value as readonly string[]));
  }

  #undone(): undefined {
    const row = this.ids.length;
    for (const column of this.#columns) if (column.length > row) column.length = row;
    for (const lists of this.lists.values()) lists.delete(row);
  }

  /** The way of one record, which throws what is wrong with this one. */
  #explained(body: unknown, at: string): string {
    const { newId, forgiving, ...base } = this.#reading;
    const input = wholeRecord(body, { ...base, at, ...(forgiving ? { forgiving } : {}) });
    for (const { field, value } of input.changes) {
      this.#put(this.#layout.places.find((place) => place.field === field) as Place, value);
    }
    return input.id ?? newId();
  }

  #push(at: number, text: string | null): void {
    (this.#columns[at] as (string | null)[]).push(text);
  }

  /** What the statements bind: `c0` are the ids. */
  values(): NonNullable<Env["values"]> {
    return Object.fromEntries(this.#columns.map((column, at) => [`c${at}`, [textArrayBytes(column)]]));
  }
}
