// A schema in words and as a list of its members. What lies deeper is made when it is opened, so recursion ends by itself.
import type { ApiDocument, Schema } from "./document.ts";
import { h, inline } from "./dom.ts";

type Resolve = ApiDocument["resolve"];

export function schemaView(schema: Schema, resolve: Resolve): HTMLElement {
  const whole = resolve(schema);
  const members = membersOf(whole, resolve);
  if (members.length === 0) return h("p", { class: "type" }, typeText(schema, resolve));
  return list(members, resolve);
}

interface Member {
  readonly name: string;
  readonly schema: Schema;
  readonly required: boolean;
}

/** Those of the object itself, of a list's elements, and of all alternatives together. */
function membersOf(schema: Schema, resolve: Resolve): Member[] {
  const { properties, required = [], items, anyOf, oneOf, allOf } = schema;
  if (properties)
    return Object.entries(properties).map(([name, one]) => ({ name, schema: one, required: required.includes(name) }));
  if (items) return membersOf(resolve(items), resolve);
  const found = new Map<string, Member>();
  for (const part of anyOf ?? oneOf ?? allOf ?? [])
    for (const member of membersOf(resolve(part), resolve)) if (!found.has(member.name)) found.set(member.name, member);
  return [...found.values()];
}

function list(members: readonly Member[], resolve: Resolve): HTMLElement {
  return h("ul", { class: "members" }, ...members.map((member) => h("li", {}, memberView(member, resolve))));
}

function memberView({ name, schema, required }: Member, resolve: Resolve): HTMLElement[] {
  const whole = resolve(schema);
  const description = schema.description ?? whole.description;
  const head = h(
    "div",
    {},
    h("code", {}, name),
    h("span", { class: "type" }, ` ${typeText(schema, resolve)}`),
    required ? h("span", { class: "required" }, " required") : undefined,
  );
  const inner = membersOf(whole, resolve);
  const about = description === undefined ? [] : [h("p", {}, ...inline(description))];
  return [head, ...about, ...(inner.length === 0 ? [] : [deeper(name, inner, resolve)])];
}

function deeper(name: string, members: readonly Member[], resolve: Resolve): HTMLElement {
  const details = h("details", {}, h("summary", {}, `Members of ${name}`));
  details.addEventListener("toggle", () => details.append(list(members, resolve)), { once: true });
  return details;
}

const shownValues = 12;

export function typeText(schema: Schema, resolve: Resolve): string {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.slice(schema.$ref.lastIndexOf("/") + 1);
    // Parts that had no name of their own are named for their place: that says nothing to a reader.
    return /^[A-Z]/.test(name) ? name : typeText(resolve(schema), resolve);
  }
  const { anyOf, oneOf, allOf, items, format, pattern } = schema;
  if (schema.enum) {
    const values = schema.enum.map((value) => JSON.stringify(value));
    const more = values.length > shownValues ? [`… (${values.length})`] : [];
    return [...values.slice(0, shownValues), ...more].join(" | ");
  }
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const choices = anyOf ?? oneOf;
  if (choices) return choices.map((one) => typeText(one, resolve)).join(" or ");
  if (allOf?.[0]) return typeText(allOf[0], resolve);
  if (items) return `list of ${typeText(items, resolve)}`;
  const type = typeof schema.type === "string" ? schema.type : schema.type?.join(" or ");
  const notes = [format, bounds(schema), pattern && `matches ${pattern}`].filter((note) => note);
  return [type ?? "any JSON", ...notes].join(", ");
}

function bounds({ minimum, maximum, minLength, maxLength }: Schema): string | undefined {
  const [low, high, unit] = minLength !== undefined || maxLength !== undefined ? [minLength, maxLength, " characters"] : [minimum, maximum, ""]; // biome-ignore format: one choice
  if (low !== undefined && high !== undefined) return `${low} to ${high}${unit}`;
  if (low !== undefined) return `at least ${low}${unit}`;
  return high === undefined || high === Number.MAX_SAFE_INTEGER ? undefined : `at most ${high}${unit}`;
}
