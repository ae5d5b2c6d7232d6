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
  const shown = displayField(target);
  const ids = Array.isArray(value) ? (value as readonly string[]) : typeof value === "string" ? [value] : [];
  const [search, setSearch] = useState("");
  const [typed] = useDebouncedValue(search, 200);
  const chosen = useQuery({
    queryKey: ["records", field.collection, "chosen", ids],
    queryFn: ({ signal }) => recordsOf(field.collection ?? "", ids, signal),
    enabled: shown !== undefined && ids.length > 0 && ids.length <= chosenMax,
    placeholderData: keepPreviousData,
  });
  const names = namesOf(chosen.data?.items ?? [], shown);
  // The box of a single choice holds the name of what is chosen, which is no search.
  const wanted = typed === (names.get(ids[0] ?? "") ?? ids[0]) ? "" : typed;
  const found = useQuery({
    queryKey: ["records", field.collection, "pick", wanted],
    queryFn: ({ signal }) => searchTarget(field.collection ?? "", shown, wanted, signal),
    enabled: target !== undefined,
    placeholderData: keepPreviousData,
  });
  for (const [id, name] of namesOf(found.data?.items ?? [], shown)) names.set(id, name);
  // What is chosen stays choosable, though the search does not find it; a name that is not known yet is the id.
  const known = [...(found.data?.items ?? []).map(({ id }) => id), ...ids];
  const data = [...new Set(known)].map((id) => ({ value: id, label: names.get(id) ?? id }));
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
    renderOption: ({ option }: { option: { value: string; label: string } }) => <Choice {...option} />,
  };
  return field.many ? (
    <MultiSelect {...shared} value={[...ids]} onChange={onChange} />
  ) : (
    <Select {...shared} value={ids[0] ?? null} onChange={onChange} clearable={!field.required} />
  );
}

/** The id tells apart what has one name. */
function Choice({ value, label }: { readonly value: string; readonly label: string }) {
  return (
    <span className="relation-choice">
      <span className="ellipsis">{label}</span>
      {label === value ? null : <code className="quiet ellipsis">{value}</code>}
    </span>
  );
}

/** As many as are looked up in one request; a longer list shows its ids. */
const chosenMax = 100;

function recordsOf(collection: string, ids: readonly string[], signal: AbortSignal) {
  return api.records.list(collection, { filter: "id in $ids", params: JSON.stringify({ ids }), limit: 100 }, signal);
}

function searchTarget(collection: string, shown: string | undefined, wanted: string, signal: AbortSignal) {
  if (wanted === "") return api.records.list(collection, { limit: 20 }, signal);
  const filter = shown ? `id == $q || ${shown}.startsWith($q) || ${shown}.contains($q)` : "id.startsWith($q)";
  return api.records.list(collection, { filter, params: JSON.stringify({ q: wanted }), limit: 20 }, signal);
}

function namesOf(rows: readonly Row[], shown: string | undefined): Map<string, string> {
  return new Map(rows.flatMap((row) => (shown && row[shown] ? [[row.id, String(row[shown])] as const] : [])));
}
