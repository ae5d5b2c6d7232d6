// Above the grid: the filter with its completion and its mistakes, refresh, columns, a new record.
import { ActionIcon, Button, Checkbox, Group, Popover, TextInput } from "@mantine/core";
import { IconColumns, IconPlus, IconRefresh } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import type { Collection } from "../api/types.ts";
import { CelField } from "../rules/CelField.tsx";
import type { Finding } from "../rules/finding.ts";
import { type Column, displayField } from "./columns.ts";
import { texts } from "./texts.ts";

interface GridToolbarProps {
  readonly collection: Collection;
  readonly all: readonly Collection[];
  readonly filter: string | undefined;
  readonly finding: Finding | undefined;
  readonly columns: readonly Column[];
  readonly hidden: readonly string[];
  readonly fetching: boolean;
  readonly onHide: (hidden: readonly string[]) => void;
  readonly onFilter: (filter: string) => void;
  readonly onRefresh: () => void;
  readonly onNew: () => void;
}

export function GridToolbar(props: GridToolbarProps) {
  const { collection, all, filter = "", finding, fetching, onFilter, onRefresh, onNew } = props;
  const [text, setText] = useState(filter);
  // The address may change from outside: a link, the back button, "clear".
  useEffect(() => setText(filter), [filter]);
  return (
    <div className="grid-bar">
      <div className="grid-filter">
        <CelField
          label={texts.filter}
          value={text}
          onChange={setText}
          scope={{ collection, all, kind: "filter" }}
          placeholder={texts.filterExample(displayField(collection))}
          finding={text === filter ? finding : undefined}
          onSubmit={() => onFilter(text.trim())}
        />
      </div>
      {text.trim() === filter ? null : <Button onClick={() => onFilter(text.trim())}>{texts.applyFilter}</Button>}
      {filter ? (
        <Button variant="default" onClick={() => onFilter("")}>
          {texts.clearFilter}
        </Button>
      ) : null}
      <ActionIcon variant="default" size={36} aria-label={texts.refresh} onClick={onRefresh}>
        <IconRefresh size={16} className={fetching ? "turning" : undefined} />
      </ActionIcon>
      <ColumnChoice {...props} />
      <Button leftSection={<IconPlus size={16} />} onClick={onNew}>
        {texts.add}
      </Button>
    </div>
  );
}

/** From here on a list of columns is searched rather than read. */
const manyColumns = 12;

function ColumnChoice({ columns, hidden, onHide }: GridToolbarProps) {
  const [query, setQuery] = useState("");
  const choices = columns.map(({ name }) => name).filter((name) => name !== "id");
  const found = choices.filter((name) => name.toLowerCase().includes(query.toLowerCase()));
  const toggle = (name: string) =>
    onHide(hidden.includes(name) ? hidden.filter((other) => other !== name) : [...hidden, name]);
  return (
    <Popover position="bottom-end" width={280} trapFocus>
      <Popover.Target>
        <ActionIcon variant="default" size={36} aria-label={texts.columns}>
          <IconColumns size={16} />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown>
        {choices.length > manyColumns ? (
          <TextInput
            size="xs"
            mb={8}
            aria-label={texts.findColumn}
            placeholder={texts.findColumn}
            value={query}
            onChange={(event) => setQuery(event.currentTarget.value)}
          />
        ) : null}
        <div className="column-choices">
          {found.map((name) => (
            <Checkbox key={name} label={name} checked={!hidden.includes(name)} onChange={() => toggle(name)} />
          ))}
        </div>
        <Group gap={4} mt={8}>
          <Button size="compact-sm" variant="subtle" onClick={() => onHide([])}>
            {texts.allColumns}
          </Button>
          <Button size="compact-sm" variant="subtle" color="gray" onClick={() => onHide(choices)}>
            {texts.noColumns}
          </Button>
        </Group>
      </Popover.Dropdown>
    </Popover>
  );
}
