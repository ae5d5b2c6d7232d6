// The fields of a record as reader and writer see them: the four system fields beside those of the definition, and where
// each of them lives in Postgres.
import type { Actor, RecordAction } from "../kernel/actor.ts";
import { quote } from "./query-sql.ts";
import type { FieldDefinition, Schema } from "./types.ts";

export const idField: FieldDefinition = { name: "id", type: "id", required: true };
export const versionField: FieldDefinition = { name: "version", type: "integer", required: true };
const createdAtField: FieldDefinition = { name: "createdAt", type: "datetime", required: true };
const updatedAtField: FieldDefinition = { name: "updatedAt", type: "datetime", required: true };

const tail = [createdAtField, updatedAtField, versionField];
const system = new Map([idField, ...tail].map((field) => [field.name, field]));

export const isSystemField = (name: string): boolean => system.has(name);

/** Who asks, as far as compiled statements differ by it. `key` stands in their cache keys. */
export interface Audience {
  readonly passesRules: boolean;
  readonly seesHidden: boolean;
  readonly scope: Actor["scope"];
  readonly key: string;
}

export function audienceOf(actor: Actor): Audience {
  const { passesRules, seesHidden, scope } = actor;
  const key = `${passesRules ? "p" : "r"}${seesHidden ? "h" : ""}${scope ? JSON.stringify(scope.collections) : ""}`;
  return { passesRules, seesHidden, scope, key };
}

/** A credential narrowed to some collections reaches no other one. */
export function inScope(audience: Pick<Audience, "scope">, { id }: Pick<Schema, "id">, action: RecordAction): boolean {
  if (!audience.scope) return true;
  const { collections } = audience.scope;
  return collections[id]?.includes(action) === true || collections["*"]?.includes(action) === true;
}

/** Hidden fields do not exist for those who may not see them: every look-up by name goes through here. */
export function knownField(schema: Schema, name: string, audience: Audience): FieldDefinition | undefined {
  const field = system.get(name) ?? schema.fieldByName.get(name);
  return field?.hidden && !audience.seesHidden ? undefined : field;
}

/** In the order in which records show them: id, the definition's fields, the times, the version. */
export function knownFields(schema: Schema, audience: Audience): FieldDefinition[] {
  const own = schema.fields.filter((field) => !system.has(field.name) && (audience.seesHidden || !field.hidden));
  return [idField, ...own, ...tail];
}

/** The rule that must hold before this audience sees the field of a row; undefined: always seen. */
export function readRule(field: FieldDefinition, audience: Audience): string | undefined {
  return audience.seesHidden ? undefined : (field.rules?.read ?? undefined);
}

export function writeRule(field: FieldDefinition, audience: Audience): string | undefined {
  return audience.seesHidden ? undefined : (field.rules?.write ?? undefined);
}

/** A list of relations lives in its join table, not in a column. */
export const isJoined = (field: FieldDefinition): boolean => field.type === "relation" && field.many === true;

export const tableOf = (schema: Schema): string => `public.${quote(schema.name)}`;

export const joinTableOf = (collection: string, field: string): string => `public.${quote(`${collection}__${field}`)}`;
