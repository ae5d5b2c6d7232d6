// The changing values of a compiled expression. Its text is compiled once; each value that differs from request to request
// is a slot, bound as a parameter. Nothing of a slot's value ever stands in the text.
import { formatTime } from "@landfall/client/cel";
import type { ActorAuth } from "../kernel/actor.ts";

export type Slot =
  | { readonly kind: "auth"; readonly path: "id" | "signedIn" | "roles" | "teams" | "claims" | "device" }
  | { readonly kind: "request"; readonly path: "time" | "door" }
  /** `json`: bound as the JSON text of its value. */
  | { readonly kind: "param"; readonly name: string; readonly json?: true }
  | { readonly kind: "literal"; readonly value: unknown }
  /** A value the caller brings itself: fields of a row being written, a limit, a cursor key. */
  | { readonly kind: "input"; readonly name: string };

/** Hands out `$n` for slots; one per statement, shared by all expressions in it. */
export interface Binder {
  bind(slot: Slot, pgType: string): string;
}

/** A binder that numbers from `offset + 1`; the same slot with the same type gets the same number. */
export class SlotBinder implements Binder {
  readonly slots: Slot[] = [];
  readonly #known = new Map<string, string>();
  readonly #offset: number;

  constructor(offset = 0) {
    this.#offset = offset;
  }

  bind(slot: Slot, pgType: string): string {
    const key = `${JSON.stringify(slot)} ${pgType}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.slots.push(slot);
    const text = `$${this.#offset + this.slots.length}::${pgType}`;
    this.#known.set(key, text);
    return text;
  }
}

export interface SlotValues {
  readonly auth: ActorAuth;
  readonly nowMs: number;
  readonly door: string;
  readonly params?: { readonly [name: string]: unknown };
  readonly input?: { readonly [name: string]: string | null };
}

/** The parameter of a slot in Postgres' text form. An absent `auth.id` is NULL, which every comparison takes for an error. */
export function slotValue(slot: Slot, values: SlotValues): string | null {
  switch (slot.kind) {
    case "auth":
      return slot.path === "claims" ? JSON.stringify(values.auth.claims) : textOf(values.auth[slot.path]);
    case "request":
      return slot.path === "time" ? formatTime(values.nowMs) : values.door;
    case "param":
      return paramText(slot, values.params);
    case "literal":
      return textOf(slot.value);
    case "input":
      return values.input?.[slot.name] ?? null;
    default:
      return slot satisfies never;
  }
}

function paramText(slot: Slot & { kind: "param" }, params: SlotValues["params"]): string | null {
  const value = params && Object.hasOwn(params, slot.name) ? params[slot.name] : undefined;
  return slot.json && value !== undefined ? JSON.stringify(value) : textOf(value);
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) return `{${value.map((item) => quoteElement(String(item))).join(",")}}`;
  return Object.is(value, -0) ? "0" : String(value);
}

const quoteElement = (text: string): string => `"${text.replace(/["\\]/g, "\\$&")}"`;
