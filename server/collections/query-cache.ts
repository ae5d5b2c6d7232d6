// Compiled statements by shape, for one picture of all schemas. Bounded: what was asked longest ago goes first.
import type { Schemas } from "./types.ts";

const entriesMax = 2_000;

export class QueryCache<Value> {
  #schemas: Schemas | undefined;
  #entries = new Map<string, Value>();

  /** A change of any collection drops everything: rules and filters reach across collections. */
  get(schemas: Schemas, key: string, compile: () => Value): Value {
    if (this.#schemas !== schemas) {
      this.#schemas = schemas;
      this.#entries = new Map();
    }
    const entries = this.#entries;
    const known = entries.get(key);
    if (known !== undefined) {
      if (entries.size > entriesMax / 2) {
        entries.delete(key);
        entries.set(key, known);
      }
      return known;
    }
    const made = compile();
    entries.set(key, made);
    if (entries.size > entriesMax) entries.delete(entries.keys().next().value as string);
    return made;
  }
}
