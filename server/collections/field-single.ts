// One value in one column: the FieldKind of every type but geo, when the field is not `many`.
import type { FieldKind } from "./field.ts";
import { ok, refuse, type ValueType } from "./field-value.ts";
import { escapeName } from "./sql-text.ts";

export function singleKind(type: ValueType): FieldKind {
  return {
    columns: (field) => [{ name: field.name, type: type.sqlType, notNull: field.required === true }],
    parse(field, value, path) {
      if (value !== null) return type.parse(field, value, path);
      return field.required ? refuse(path, "required", "This field is required.") : ok(null);
    },
    params: (_field, value) => [value === null ? null : type.text(value)],
    select: (field, row) => [textOf(type, `${row}.${escapeName(field.name)}`)],
    json: (_field, texts) => {
      const text = texts[0];
      return text === null || text === undefined ? "null" : type.json(text);
    },
    fromEntry(field, columns) {
      const value = columns[field.name];
      return value === null || value === undefined ? null : type.fromEntry(value);
    },
    check: (field, row = "") => type.check?.(field, `${row}${escapeName(field.name)}`) ?? null,
  };
}

const textOf = (type: ValueType, column: string) => (type.sqlType.startsWith("text") ? column : `${column}::text`);
