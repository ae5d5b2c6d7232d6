// Chooses the record, or the records, that a relation points to: by id, or by searching the target's display field.
import { MultiSelect, Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { api } from "../api/api.ts";
import type { Row } from "../api/types.ts";
import { displayField } from "./columns.ts";
import type { FieldInputProps } from "./field-input-props.ts";
import { texts } from "./texts.ts";

interface RelationInputProps extends FieldInputProps {
  readonly common: {
    readonly label: string;
    readonly description: ReactNode;
    readonly error: string | undefined;
    readonly placeholder: string | undefined;
    readonly withAsterisk: boolean;
  };
}

export function RelationInput({ field, all, value, onChange, common }: RelationInputProps) {
  const target = all.find(({ name }) => name === field.collection);
  const [search, setSearch] = useState("");
  const [wanted] = useDebouncedValue(search, 200);
  const shown = displayField(target);
  const found = useQuery({
    queryKey: ["records", field.collection, "pick", wanted],
    queryFn: ({ signal }) => searchTarget(field.collection ?? "", shown, wanted, signal),
    enabled: target !== undefined,
    placeholderData: keepPreviousData,
  });
  const ids = Array.isArray(value) ? (value as readonly string[]) : typeof value === "string" ? [value] : [];
  const rows = found.data?.items ?? [];
  const known = new Set(rows.map(({ id }) => id));
  // What is chosen stays choosable, though the search does not find it.
  const data = [
    ...rows.map((row) => ({ value: row.id, label: labelOf(row, shown) })),
    ...ids.filter((id) => !known.has(id)).map((id) => ({ value: id, label: id })),
  ];
  const shared = {
    ...common,
    data,
    searchable: true,
    searchValue: search,
    onSearchChange: setSearch,
    nothingFoundMessage: texts.relation.nothing,
    placeholder: common.placeholder ?? texts.relation.search,
    // The server has searched already; the list is shown as it came.
    filter: ({ options }: { options: unknown[] }) => options as never,
  };
  return field.many ? (
    <MultiSelect {...shared} value={[...ids]} onChange={onChange} />
  ) : (
    <Select {...shared} value={ids[0] ?? null} onChange={onChange} clearable={!field.required} />
  );
}

function searchTarget(collection: string, shown: string | undefined, text: string, signal: AbortSignal) {
  // A chosen option's label stands in the search box as `name (id)`; then its id is what is meant.
  const wanted = /\(([^()]+)\)$/.exec(text)?.[1] ?? text;
  if (wanted === "") return api.records.list(collection, { limit: 20 }, signal);
  const filter = shown ? `id == $q || ${shown}.startsWith($q) || ${shown}.contains($q)` : "id.startsWith($q)";
  return api.records.list(collection, { filter, params: JSON.stringify({ q: wanted }), limit: 20 }, signal);
}

const labelOf = (row: Row, shown: string | undefined): string =>
  shown && row[shown] ? `${String(row[shown])} (${row.id})` : row.id;
