// What every input of the record form takes, whatever the type of its field.
import type { Collection, Field } from "../api/types.ts";
import type { FormValue } from "./record-form.ts";

export interface FieldInputProps {
  readonly field: Field;
  readonly all: readonly Collection[];
  readonly value: FormValue;
  readonly fault: string | undefined;
  readonly onChange: (value: FormValue) => void;
}
