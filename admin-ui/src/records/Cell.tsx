// One value in the grid, by its type. Null is said, so that it is not taken for an empty text.
import { Link } from "@tanstack/react-router";
import type { JsonValue, Row } from "../api/types.ts";
import { When } from "../parts/When.tsx";
import type { Column } from "./columns.ts";
import { texts } from "./texts.ts";

export function Cell({ column, row }: { readonly column: Column; readonly row: Row }) {
  const value = row[column.name];
  if (value === undefined || value === null) return <span className="null">{texts.null}</span>;
  if (column.type === "relation" && column.field?.collection) {
    const ids = Array.isArray(value) ? (value as readonly JsonValue[]) : [value];
    return ids.map((id) => (
      <RelationChip key={String(id)} collection={column.field?.collection ?? ""} id={String(id)} />
    ));
  }
  if (Array.isArray(value)) {
    return (value as readonly JsonValue[]).map((item, index) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: a list may hold the same value twice
      <span className="chip" key={index}>
        {shortText(item)}
      </span>
    ));
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

function RelationChip({ collection, id }: { readonly collection: string; readonly id: string }) {
  return (
    <Link className="chip mono" to="/collections/$name/records" params={{ name: collection }} search={{ record: id }}>
      {id}
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
