// The indexes of a definition: which fields in which order, and whether values must be unique.
import { ActionIcon, Button, Checkbox, MultiSelect } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import type { IndexDefinition } from "../api/types.ts";
import { texts } from "./texts.ts";

interface IndexListProps {
  readonly indexes: readonly IndexDefinition[];
  readonly fieldNames: readonly string[];
  readonly onChange: (indexes: readonly IndexDefinition[]) => void;
}

export function IndexList({ indexes, fieldNames, onChange }: IndexListProps) {
  const replace = (at: number, index: IndexDefinition) =>
    onChange(indexes.map((other, position) => (position === at ? index : other)));
  return (
    <section className="section">
      <h2>{texts.index.title}</h2>
      <p className="quiet">{texts.index.hint}</p>
      {indexes.length === 0 ? <p className="quiet">{texts.index.none}</p> : null}
      <div className={indexes.length > 0 ? "rows" : undefined}>
        {indexes.map((index, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: an index has no identity but its place
          <div key={at} className="field-row">
            <MultiSelect
              className="field-name"
              aria-label={texts.index.fields}
              placeholder={texts.index.fields}
              data={[...fieldNames]}
              value={[...index.fields]}
              onChange={(fields) => replace(at, { ...index, fields })}
            />
            <Checkbox
              label={texts.index.unique}
              checked={index.unique ?? false}
              onChange={(event) =>
                replace(at, { fields: index.fields, ...(event.currentTarget.checked ? { unique: true } : {}) })
              }
            />
            <ActionIcon
              variant="subtle"
              color="gray"
              size={32}
              aria-label={texts.index.remove(at + 1)}
              onClick={() => onChange(indexes.filter((_, position) => position !== at))}
            >
              <IconTrash size={16} />
            </ActionIcon>
          </div>
        ))}
      </div>
      <Button
        mt="sm"
        variant="default"
        leftSection={<IconPlus size={16} />}
        onClick={() => onChange([...indexes, { fields: [] }])}
      >
        {texts.index.add}
      </Button>
    </section>
  );
}
