// The fields of a definition in order: add, open for editing, move, remove.
import { ActionIcon, Button, UnstyledButton } from "@mantine/core";
import {
  IconArrowDown,
  IconArrowUp,
  IconChevronDown,
  IconChevronRight,
  IconPlus,
  IconTrash,
} from "@tabler/icons-react";
import { useState } from "react";
import { type DefinitionScope, type DraftField, fieldFaults, newField } from "./definition-draft.ts";
import { FieldForm } from "./FieldForm.tsx";
import { texts } from "./texts.ts";

interface FieldListProps {
  readonly fields: readonly DraftField[];
  readonly scope: DefinitionScope;
  readonly onChange: (fields: readonly DraftField[]) => void;
}

export function FieldList({ fields, scope, onChange }: FieldListProps) {
  const [open, setOpen] = useState<string | undefined>(fields.find(({ name }) => name === "")?.key);
  const move = (from: number, by: number) => {
    const next = [...fields];
    const [field] = next.splice(from, 1);
    if (field) next.splice(from + by, 0, field);
    onChange(next);
  };
  /** The field whose name is to be typed next. */
  const [added, setAdded] = useState<string>();
  const add = () => {
    const field = newField();
    onChange([...fields, field]);
    setOpen(field.key);
    setAdded(field.key);
  };
  return (
    <>
      <div className="rows">
        {fields.map((field, index) => (
          <div key={field.key}>
            <FieldHead
              field={field}
              faulty={Object.keys(fieldFaults(field, fields)).length > 0}
              isOpen={open === field.key}
              onToggle={() => setOpen(open === field.key ? undefined : field.key)}
              onUp={index > 0 ? () => move(index, -1) : undefined}
              onDown={index < fields.length - 1 ? () => move(index, 1) : undefined}
              onRemove={() => onChange(fields.filter(({ key }) => key !== field.key))}
            />
            {open === field.key ? (
              <FieldForm
                field={field}
                all={fields}
                scope={scope}
                focusName={field.key === added}
                onNext={add}
                onChange={(changed) => onChange(fields.map((other) => (other.key === field.key ? changed : other)))}
              />
            ) : null}
          </div>
        ))}
      </div>
      <Button mt="sm" variant="default" leftSection={<IconPlus size={16} />} onClick={add}>
        {texts.field.add}
      </Button>
    </>
  );
}

interface FieldHeadProps {
  readonly field: DraftField;
  readonly faulty: boolean;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
  readonly onUp: (() => void) | undefined;
  readonly onDown: (() => void) | undefined;
  readonly onRemove: () => void;
}

function FieldHead({ field, faulty, isOpen, onToggle, onUp, onDown, onRemove }: FieldHeadProps) {
  const Chevron = isOpen ? IconChevronDown : IconChevronRight;
  const tool = { variant: "subtle", color: "gray", size: 32 } as const;
  return (
    <div className="field-row">
      <UnstyledButton className="field-row field-name" onClick={onToggle} aria-expanded={isOpen}>
        <Chevron size={16} aria-hidden />
        <span className={field.name === "" ? "null" : `mono ellipsis${faulty ? " loss" : ""}`}>
          {field.name || texts.field.unnamed}
        </span>
        <span className="quiet ellipsis">{summary(field)}</span>
      </UnstyledButton>
      <ActionIcon {...tool} aria-label={texts.field.up(field.name)} disabled={!onUp} onClick={onUp}>
        <IconArrowUp size={16} />
      </ActionIcon>
      <ActionIcon {...tool} aria-label={texts.field.down(field.name)} disabled={!onDown} onClick={onDown}>
        <IconArrowDown size={16} />
      </ActionIcon>
      <ActionIcon {...tool} aria-label={texts.field.remove(field.name)} onClick={onRemove}>
        <IconTrash size={16} />
      </ActionIcon>
    </div>
  );
}

function summary(field: DraftField): string {
  const target = field.type === "relation" && field.collection ? ` → ${field.collection}` : "";
  const flags = (["required", "many", "hidden"] as const).filter((flag) => field[flag]);
  return [texts.types[field.type] + target, ...flags].join(", ");
}
