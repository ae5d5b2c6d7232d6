// How wide the grid's columns are: as their types ask until an admin drags one, which this browser keeps per collection.
// Widths reach the cells as custom properties of the grid, so that dragging moves columns without drawing a row again.
import { useLocalStorage } from "@mantine/hooks";
import { useCallback, useMemo } from "react";
import type { Column } from "./columns.ts";

const widthMinPx = 60;
const widthMaxPx = 1200;

type Widths = { readonly [column: string]: number };

interface ColumnWidths {
  /** `--c0`, `--c1` …: the `flex` of each column's cells. */
  readonly style: { readonly [property: `--c${number}`]: string };
  readonly totalPx: number;
  /** Undefined: back to what the type asks for. */
  readonly resize: (column: string, widthPx: number | undefined) => void;
}

export function useColumnWidths(collection: string, columns: readonly Column[]): ColumnWidths {
  const [kept, setKept] = useLocalStorage<Widths>({
    key: `landfall.widths.${collection}`,
    defaultValue: {},
    getInitialValueInEffect: false,
  });
  const resize = useCallback(
    (name: string, widthPx: number | undefined) => setKept((before) => resized(before, name, widthPx)),
    [setKept],
  );
  return useMemo(() => {
    return {
      style: Object.fromEntries(columns.map((column, at) => [`--c${at}`, flexOf(column, kept)])),
      totalPx: columns.reduce((sum, column) => sum + (kept[column.name] ?? column.widthPx), 0),
      resize,
    };
  }, [columns, kept, resize]);
}

/** A chosen width is kept exactly; the others share out what is left of a wide screen. */
export const flexOf = ({ name, widthPx }: Column, kept: Widths): string =>
  kept[name] === undefined ? `1 0 ${widthPx}px` : `0 0 ${kept[name]}px`;

export function resized(kept: Widths, name: string, widthPx: number | undefined): Widths {
  const { [name]: _before, ...others } = kept;
  if (widthPx === undefined) return others;
  return { ...others, [name]: Math.round(Math.min(widthMaxPx, Math.max(widthMinPx, widthPx))) };
}
