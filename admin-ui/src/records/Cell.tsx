// One value in the grid, by its type. Null is said, so that it is not taken for an empty text.
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { JsonValue, Row } from "../api/types.ts";
import { When } from "../parts/When.tsx";
import type { Column } from "./columns.ts";
import { chipsMax, type Labels, labelKey } from "./relation-labels.ts";
import { texts } from "./texts.ts";

interface CellProps {
  readonly column: Column;
  readonly row: Row;
  /** Names of records that relations point to. */
  readonly labels: Labels;
}

export function Cell({ column, row, labels }: CellProps) {
  const value = row[column.name];
  if (value === undefined || value === null) return <span className="null">{texts.null}</span>;
  const target = column.type === "relation" ? column.field?.collection : undefined;
  if (target) {
    const ids = (Array.isArray(value) ? (value as readonly JsonValue[]) : [value]).map(String);
    return (
      <Chips
        items={ids}
        chip={(id) => <RelationChip key={id} collection={target} id={id} label={labels.get(labelKey(target, id))} />}
      />
    );
  }
  if (Array.isArray(value)) {
    return (
      <Chips
        items={value as readonly JsonValue[]}
        chip={(item, index) => (
          <span className="chip" key={index}>
            {shortText(item)}
          </span>
        )}
      />
    );
  }
  switch (column.type) {
    case "datetime":
    case "autodate":
      return <When at={String(value)} focusable={false} />;
    case "bool":
      return value ? texts.yes : <span className="quiet">{texts.no}</span>;
    case "json":
      return <code>{shortText(value)}</code>;
    case "geo":
      return <span className="num">{geoText(value)}</span>;
    default:
      return value === "" ? <span className="null">{texts.empty}</span> : shortText(value);
  }
}

interface ChipsProps<T> {
  readonly items: readonly T[];
  readonly chip: (item: T, index: number) => ReactNode;
}

/** The first few of a list, and how many more there are; the drawer shows all. */
function Chips<T>({ items, chip }: ChipsProps<T>) {
  if (items.length === 0) return <span className="null">{texts.empty}</span>;
  const more = items.length - chipsMax;
  return (
    <span className="chips">
      {items.slice(0, chipsMax).map(chip)}
      {more > 0 ? <span className="quiet num">{texts.more(more)}</span> : null}
    </span>
  );
}

interface RelationChipProps {
  readonly collection: string;
  readonly id: string;
  readonly label: string | undefined;
}

function RelationChip({ collection, id, label }: RelationChipProps) {
  return (
    <Link
      className={label === undefined ? "chip mono" : "chip"}
      to="/collections/$name/records"
      params={{ name: collection }}
      search={{ record: id }}
      title={label === undefined ? id : `${label} (${id})`}
    >
      {label ?? id}
    </Link>
  );
}

/** Long values are cut before they reach the page; the drawer shows them whole. */
function shortText(value: JsonValue): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

function geoText(value: JsonValue): string {
  if (typeof value !== "object" || value === null || !("lat" in value)) return shortText(value);
  const { lat, lng } = value as { readonly [key: string]: JsonValue };
  return `${lat}, ${lng}`;
}
