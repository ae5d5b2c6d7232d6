// From Postgres' texts to the JSON of a record, without an object in between. A renderer is compiled once per selection.
import type { FieldKind } from "./field.ts";
import type { FieldDefinition } from "./types.ts";

/** A row of texts; inside an expansion rows nest. */
export type Cell = string | null | readonly Cell[];
export type Cells = readonly Cell[];
/** JSON text of one record. */
export type Render = (cells: Cells) => string;
/** `,"name":value`, or nothing when the field is left out of this row. */
export type Piece = (cells: Cells) => string;

export function renderRecord(pieces: readonly Piece[]): Render {
  return (cells) => {
    let out = "";
    for (const piece of pieces) {
      const member = piece(cells);
      // Only the first, a short one, is copied for the sake of its comma.
      if (out !== "") out += member;
      else if (member !== "") out = `{${member.slice(1)}`;
    }
    return out === "" ? "{}" : `${out}}`;
  };
}

/** A field whose texts start at `at`; `guard` is the place of the text that is null when the caller may not see it. */
export function fieldPiece(field: FieldDefinition, kind: FieldKind, at: number, width: number, guard?: number): Piece {
  const head = `,${JSON.stringify(field.name)}:`;
  const value: Piece =
    width === 1
      ? (cells) => head + kind.json(field, [cells[at] as string | null])
      : (cells) => head + kind.json(field, cells.slice(at, at + width) as (string | null)[]);
  return guard === undefined ? value : (cells) => (cells[guard] === null ? "" : value(cells));
}

/** A to-one expansion: one nested row or null. At the top of a statement it arrives as JSON text, below as an array. */
export function onePiece(name: string, at: number, render: Render, guard?: number): Piece {
  const head = `,${JSON.stringify(name)}:`;
  return (cells) => {
    if (guard !== undefined && cells[guard] === null) return "";
    const nested = nestedRows(cells[at]);
    return nested === null ? `${head}null` : head + render(nested);
  };
}

/** A to-many expansion: a list of nested rows, null when there are none. */
export function manyPiece(name: string, at: number, render: Render, guard?: number): Piece {
  const head = `,${JSON.stringify(name)}:[`;
  return (cells) => {
    if (guard !== undefined && cells[guard] === null) return "";
    const rows = nestedRows(cells[at]) ?? [];
    let out = head;
    for (let i = 0; i < rows.length; i++) out += (i === 0 ? "" : ",") + render(rows[i] as Cells);
    return `${out}]`;
  };
}

function nestedRows(cell: Cell | undefined): Cells | null {
  if (cell === null || cell === undefined) return null;
  return typeof cell === "string" ? (JSON.parse(cell) as Cells) : cell;
}
