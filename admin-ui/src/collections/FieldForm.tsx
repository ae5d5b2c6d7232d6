// All settings of one field. Which ones show depends on its type.
import { Checkbox, Select, TagsInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { type FieldType, fieldTypes } from "../api/types.ts";
import {
  type DefinitionScope,
  type DraftField,
  defaultText,
  fieldFaults,
  neverMany,
  parseDefault,
  withType,
} from "./definition-draft.ts";
import { FieldRules } from "./FieldRules.tsx";
import { texts } from "./texts.ts";

export interface FieldFormProps {
  readonly field: DraftField;
  readonly all: readonly DraftField[];
  readonly scope: DefinitionScope;
  /** Just added: its name is what comes next. */
  readonly focusName?: boolean;
  /** Enter in the name of a field that has one leads to another field. */
  readonly onNext?: () => void;
  readonly onChange: (field: DraftField) => void;
}

const words = texts.field;
const limited: ReadonlySet<FieldType> = new Set([
  "text",
  "email",
  "url",
  "richtext",
  "number",
  "integer",
  "decimal",
  "datetime",
  "date",
]);
const textual: ReadonlySet<FieldType> = new Set(["text", "email", "url", "richtext"]);

export function FieldForm({ field, all, scope, focusName = false, onNext, onChange }: FieldFormProps) {
  const faults = fieldFaults(field, all);
  const set = (change: Partial<DraftField>) => onChange({ ...field, ...change } as DraftField);
  return (
    <div className="field-form">
      <TextInput
        label={words.name}
        value={field.name}
        onChange={(event) => set({ name: event.currentTarget.value.trim() })}
        error={field.name === "" ? undefined : faults.name}
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          // Not the form's Enter, which would create the collection while its fields are being listed.
          event.preventDefault();
          if (field.name !== "" && faults.name === undefined) onNext?.();
        }}
        spellCheck={false}
        autoComplete="off"
        autoFocus={focusName}
        required
      />
      <Select
        label={words.type}
        data={fieldTypes.map((value) => ({ value, label: texts.types[value] }))}
        value={field.type}
        onChange={(type) => type && onChange(withType(field, type as FieldType))}
        // All of them at once: a list that hides half its types looks whole.
        maxDropdownHeight={600}
        allowDeselect={false}
      />
      <TypeSettings field={field} targets={scope.all.map(({ name }) => name)} faults={faults} set={set} />
      <Limits field={field} set={set} />
      {field.type === "autodate" || field.type === "relation" ? null : (
        <DefaultInput key={`${field.type}${field.many ?? false}`} field={field} set={set} />
      )}
      <div className="full">
        <Flags field={field} set={set} />
      </div>
      <FieldRules field={field} scope={scope} onChange={(rules) => set({ rules })} />
    </div>
  );
}

interface PartProps {
  readonly field: DraftField;
  readonly set: (change: Partial<DraftField>) => void;
}

function TypeSettings({
  field,
  targets,
  faults,
  set,
}: PartProps & { targets: readonly string[]; faults: ReturnType<typeof fieldFaults> }) {
  if (field.type === "select") {
    return (
      <TagsInput
        label={words.values}
        description={words.valuesHint}
        value={[...(field.values ?? [])]}
        onChange={(values) => set({ values })}
        error={faults.values}
      />
    );
  }
  if (field.type === "autodate") {
    return (
      <Select
        label={words.on}
        data={Object.entries(words.onOptions).map(([value, label]) => ({ value, label }))}
        value={field.on ?? "create"}
        onChange={(on) => set({ on: on === "update" ? "update" : "create" })}
        allowDeselect={false}
      />
    );
  }
  if (field.type !== "relation") return null;
  return (
    <>
      <Select
        label={words.collection}
        data={[...targets]}
        value={field.collection ?? null}
        onChange={(collection) => collection && set({ collection })}
        error={faults.collection}
        searchable
      />
      <Select
        label={words.onDelete}
        data={onDeleteChoices(field)}
        value={onDeleteOf(field)}
        onChange={(onDelete) => onDelete && set({ onDelete: onDelete as OnDelete })}
        allowDeselect={false}
      />
      <TextInput
        label={words.inverse}
        description={words.inverseHint}
        value={field.inverse ?? ""}
        onChange={(event) => set({ inverse: event.currentTarget.value.trim() })}
        spellCheck={false}
      />
    </>
  );
}

type OnDelete = NonNullable<DraftField["onDelete"]>;

/** What the server does when nothing is said. */
const onDeleteOf = ({ onDelete, many, required }: DraftField): OnDelete =>
  onDelete ?? (many ? "cascade" : required ? "restrict" : "setNull");

/** A list is only ever shortened by "cascade"; what is required cannot be emptied. */
function onDeleteChoices({ many, required }: DraftField): { value: OnDelete; label: string }[] {
  const { cascade, setNull, restrict } = words.onDeleteOptions;
  const refuse = { value: "restrict", label: restrict } as const;
  if (many) return [{ value: "cascade", label: words.onDeleteMany }, refuse];
  const choices = [refuse, { value: "cascade", label: cascade }] as const;
  return required ? [...choices] : [{ value: "setNull", label: setNull }, ...choices];
}

function Limits({ field, set }: PartProps) {
  if (!limited.has(field.type)) return null;
  const isText = textual.has(field.type);
  // Lengths and numbers are numbers in the definition; decimals and dates stay text.
  const parse = (text: string) =>
    text === "" ? undefined : isText || field.type === "number" || field.type === "integer" ? Number(text) : text;
  const limit = (which: "min" | "max", label: string) => (
    <TextInput
      label={label}
      inputMode={isText ? "numeric" : undefined}
      value={field[which] === undefined || Number.isNaN(field[which]) ? "" : String(field[which])}
      onChange={(event) => set({ [which]: parse(event.currentTarget.value.trim()) })}
    />
  );
  return (
    <>
      {limit("min", isText ? words.minLength : words.min)}
      {limit("max", isText ? words.maxLength : words.max)}
      {isText && field.type === "text" ? (
        <TextInput
          label={words.pattern}
          description={words.patternHint}
          value={field.pattern ?? ""}
          onChange={(event) => set({ pattern: event.currentTarget.value })}
          spellCheck={false}
        />
      ) : null}
    </>
  );
}

function DefaultInput({ field, set }: PartProps) {
  const [text, setText] = useState(() => defaultText(field));
  const [bad, setBad] = useState(false);
  const change = (next: string) => {
    setText(next);
    try {
      const value = parseDefault(field, next);
      set({ default: value as DraftField["default"] & {} });
      setBad(false);
    } catch {
      setBad(true);
    }
  };
  return (
    <TextInput
      label={words.default}
      description={words.defaultHint}
      value={text}
      onChange={(event) => change(event.currentTarget.value)}
      error={bad ? words.defaultBad : undefined}
      spellCheck={false}
    />
  );
}

function Flags({ field, set }: PartProps) {
  return (
    <div className="field-flags">
      {field.type === "autodate" ? null : (
        <Checkbox
          label={words.required}
          checked={field.required ?? false}
          onChange={(event) => set({ required: event.currentTarget.checked })}
        />
      )}
      {neverMany.has(field.type) ? null : (
        <Checkbox
          label={words.many}
          checked={field.many ?? false}
          onChange={(event) => set({ many: event.currentTarget.checked })}
        />
      )}
      <Checkbox
        label={words.hidden}
        checked={field.hidden ?? false}
        onChange={(event) => set({ hidden: event.currentTarget.checked })}
      />
    </div>
  );
}
