// The catalogue of field types. A new type is one file and one line here.
import type { FieldKind } from "./field.ts";
import { geo, manyGeo } from "./field-geo.ts";
import { manyKind, manyRelationKind } from "./field-many.ts";
import { decimal, integer, number } from "./field-number.ts";
import { bool, json, reference } from "./field-other.ts";
import { richtext } from "./field-richtext.ts";
import { singleKind } from "./field-single.ts";
import { type CompilePattern, textTypes } from "./field-text.ts";
import { autodate, date, datetime } from "./field-time.ts";
import type { FieldDefinition, FieldType } from "./types.ts";

/** The kind of a field: how its values are checked, kept and shown. */
export type FieldKinds = (field: FieldDefinition) => FieldKind;

export function fieldKinds(compilePattern: CompilePattern): FieldKinds {
  const types = {
    ...textTypes(compilePattern),
    ...{ richtext, number, integer, decimal, bool, datetime, autodate, date, json },
  };
  const single = { geo, relation: singleKind(reference) } as Record<FieldType, FieldKind>;
  const many = { geo: manyGeo, relation: manyRelationKind(reference) } as Record<FieldType, FieldKind>;
  for (const name of Object.keys(types) as (keyof typeof types)[]) {
    single[name] = singleKind(types[name]);
    many[name] = manyKind(types[name]);
  }
  return (field) => (field.many ? many : single)[field.type];
}
