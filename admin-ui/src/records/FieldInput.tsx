// The input of one field by its type, with null told apart from empty.
import { Button, MultiSelect, Select, TagsInput, Textarea, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import type { Field } from "../api/types.ts";
import type { FieldInputProps } from "./field-input-props.ts";
import { RelationInput } from "./RelationInput.tsx";
import type { FormValue } from "./record-form.ts";
import { texts } from "./texts.ts";

const words = texts.drawer;

export function FieldInput(props: FieldInputProps) {
  const { field, value, fault, onChange } = props;
  const nullable = !field.required && !field.many && value !== null;
  const description = (
    <>
      {describe(field)}
      {nullable && value !== undefined ? (
        <Button
          size="compact-xs"
          variant="subtle"
          color="gray"
          ml={4}
          aria-label={words.setNull(field.name)}
          onClick={() => onChange(null)}
        >
          {texts.null}
        </Button>
      ) : null}
    </>
  );
  const placeholder = placeholderOf(field, value);
  return (
    <Input
      {...props}
      common={{
        label: field.name,
        description,
        error: fault,
        placeholder,
        withAsterisk: field.required ?? false,
        inputWrapperOrder: ["label", "input", "description", "error"],
      }}
    />
  );
}

/** What the field will be when nothing is typed. */
function placeholderOf(field: Field, value: FormValue): string | undefined {
  if (value === null) return texts.null;
  if (value !== undefined || field.many) return undefined;
  if (field.default !== undefined) return words.byDefault(JSON.stringify(field.default));
  return field.required ? undefined : texts.null;
}

interface Common {
  readonly label: string;
  readonly description: ReactNode;
  readonly error: string | undefined;
  readonly placeholder: string | undefined;
  readonly withAsterisk: boolean;
  readonly inputWrapperOrder: ("label" | "input" | "description" | "error")[];
}

function Input(props: FieldInputProps & { readonly common: Common }) {
  const { field, value, onChange, common } = props;
  const text = typeof value === "string" ? value : "";
  const list = Array.isArray(value) ? [...(value as readonly string[])] : [];
  if (field.type === "relation") return <RelationInput {...props} />;
  if (field.type === "select") {
    const data = [...(field.values ?? [])];
    return field.many ? (
      <MultiSelect {...common} data={data} value={list} onChange={onChange} />
    ) : (
      <Select {...common} data={data} value={text || null} onChange={onChange} clearable={!field.required} />
    );
  }
  if (field.many) return <TagsInput {...common} value={list} onChange={onChange} allowDuplicates />;
  switch (field.type) {
    case "bool":
      return (
        <Select
          {...common}
          data={[
            { value: "true", label: texts.yes },
            { value: "false", label: texts.no },
          ]}
          value={typeof value === "boolean" ? String(value) : null}
          onChange={(next) => onChange(next === null ? null : next === "true")}
          clearable={!field.required}
        />
      );
    case "geo":
      return <PlaceInput {...props} />;
    case "text":
    case "richtext":
    case "json":
      return (
        <Textarea
          {...common}
          {...(field.type === "text" ? {} : { className: "filter-input" })}
          autosize
          minRows={field.type === "text" ? 1 : 3}
          maxRows={16}
          value={text}
          onChange={(event) => onChange(event.currentTarget.value)}
          spellCheck={field.type !== "json"}
        />
      );
    default:
      return <LineInput {...props} text={text} />;
  }
}

const modes: { readonly [type in Field["type"]]?: "numeric" | "decimal" | "email" | "url" } = {
  integer: "numeric",
  number: "decimal",
  decimal: "decimal",
  email: "email",
  url: "url",
};

function LineInput({ field, text, onChange, common }: FieldInputProps & { common: Common; text: string }) {
  const now = field.type === "datetime" && (
    <Button size="compact-xs" variant="subtle" onClick={() => onChange(new Date().toISOString())}>
      {words.now}
    </Button>
  );
  return (
    <TextInput
      {...common}
      type={field.type === "date" ? "date" : "text"}
      inputMode={modes[field.type]}
      value={text}
      // Numbers and times have no empty form: an emptied input means null.
      onChange={(event) => {
        const next = event.currentTarget.value;
        onChange(next === "" && field.type !== "email" && field.type !== "url" ? null : next);
      }}
      rightSection={now || undefined}
      rightSectionWidth={now ? 52 : undefined}
      spellCheck={false}
      autoComplete="off"
    />
  );
}

function PlaceInput({ value, onChange, common }: FieldInputProps & { common: Common }) {
  const place = typeof value === "object" && value !== null && "lat" in value ? value : { lat: "", lng: "" };
  const input = (which: "lat" | "lng", label: string) => (
    <TextInput
      label={`${common.label}: ${label}`}
      placeholder={common.placeholder}
      inputMode="decimal"
      value={place[which]}
      onChange={(event) => {
        const next = { ...place, [which]: event.currentTarget.value };
        onChange(next.lat === "" && next.lng === "" ? null : next);
      }}
      error={which === "lng" ? common.error : undefined}
      description={which === "lng" ? common.description : undefined}
      withAsterisk={common.withAsterisk}
      inputWrapperOrder={common.inputWrapperOrder}
    />
  );
  return (
    <div className="place-input">
      {input("lat", words.lat)}
      {input("lng", words.lng)}
    </div>
  );
}

function describe(field: Field): string {
  return [field.many ? `${field.type}, many` : field.type, field.hidden ? "hidden" : ""].filter(Boolean).join(", ");
}
