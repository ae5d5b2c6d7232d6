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
  // A single one is found by the search for its own id; several are looked up together.
  const chosen = useQuery({
    queryKey: ["records", field.collection, "chosen", ids],
    queryFn: ({ signal }) =>
      api.records.list(
        field.collection ?? "",
        { filter: "id in $ids", params: JSON.stringify({ ids }), limit: 100 },
        signal,
      ),
    enabled: field.many === true && shown !== undefined && ids.length > 0 && ids.length <= 100,
    placeholderData: keepPreviousData,
  });
  const matches = found.data?.items ?? [];
  const rows = [...matches, ...(chosen.data?.items ?? []).filter(({ id }) => !matches.some((row) => row.id === id))];
  const known = new Set(rows.map(({ id }) => id));
  // What is chosen stays choosable, though the search does not find it; a name that is not known yet is the id.
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
