// The grid: a sticky head, and only those rows in the page that can be seen. Rows are all of one height, so nothing is measured.
// biome-ignore-all lint/a11y/useSemanticElements: rows are placed by transform, which table elements do not allow
// biome-ignore-all lint/a11y/useFocusableInteractive: the controls are inside the cells
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type MouseEvent, memo, useCallback, useEffect, useRef } from "react";
import type { Row } from "../api/types.ts";
import { Cell } from "./Cell.tsx";
import { type Column, cellClass, cellStyle, pickRange } from "./columns.ts";
import { GridHead } from "./GridHead.tsx";
import { RecordId } from "./RecordId.tsx";
import type { Labels } from "./relation-labels.ts";
import { texts } from "./texts.ts";
import { useColumnWidths } from "./useColumnWidths.ts";

interface RecordGridProps {
  readonly collection: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  readonly labels: Labels;
  readonly sort: string | undefined;
  readonly picked: ReadonlySet<string>;
  readonly hasMore: boolean;
  readonly onSort: (sort: string | undefined) => void;
  readonly onPick: (picked: ReadonlySet<string>) => void;
  readonly onEndNear: () => void;
}

/** As `--row` in the styles: a finger needs more than a pointer. */
const rowHeightPx = matchMedia("(pointer: coarse)").matches ? 45 : 32;
const pickWidthPx = 40;

export function RecordGrid(props: RecordGridProps) {
  const { collection, columns, rows, labels, picked, hasMore, onEndNear } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const lastPick = useRef<number>(undefined);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeightPx,
    overscan: 12,
    scrollPaddingStart: rowHeightPx,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && last >= rows.length - 30) onEndNear();
  }, [last, rows.length, hasMore, onEndNear]);

  // One function for all rows and all times, so that a row is not drawn again for it.
  const latest = useRef(props);
  latest.current = props;
  const pick = useCallback((event: MouseEvent, at: number) => {
    const now = latest.current;
    const on = !now.picked.has(now.rows[at]?.id ?? "");
    const ids = now.rows.map(({ id }) => id);
    now.onPick(pickRange(ids, now.picked, { at, from: event.shiftKey ? lastPick.current : undefined, on }));
    lastPick.current = at;
  }, []);
  const widths = useColumnWidths(collection, columns);
  return (
    <div
      ref={scroller}
      className="grid"
      role="table"
      aria-label={texts.grid(collection)}
      aria-rowcount={hasMore ? -1 : rows.length + 1}
      aria-colcount={columns.length + 1}
      onKeyDown={(event) => moveFocus(event, rows.length, (index) => virtual.scrollToIndex(index))}
    >
      <div
        className="grid-table"
        role="presentation"
        style={{ ...widths.style, minWidth: widths.totalPx + pickWidthPx }}
      >
        <GridHead
          columns={columns}
          rows={rows}
          sort={props.sort}
          picked={picked}
          onSort={props.onSort}
          onPick={props.onPick}
          onResize={widths.resize}
        />
        <div className="grid-body" role="rowgroup" style={{ height: virtual.getTotalSize() }}>
          {items.map(({ index, start }) => {
            const row = rows[index];
            if (!row) return null;
            return (
              <GridRow
                key={row.id}
                row={row}
                index={index}
                startPx={start}
                columns={columns}
                labels={labels}
                isPicked={picked.has(row.id)}
                onPick={pick}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}

/** Up and down lead from a record's checkbox, link or button to the same one of its neighbour. */
function moveFocus(event: KeyboardEvent, rowCount: number, scrollTo: (index: number) => void): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  const row = step === 0 ? null : (event.target as HTMLElement).closest<HTMLElement>("[role=row]");
  const body = row?.closest(".grid-body");
  if (!row || !body) return;
  const next = Number(row.getAttribute("aria-rowindex")) + step;
  if (next < 2 || next > rowCount + 1) return;
  event.preventDefault();
  scrollTo(next - 2);
  const at = controlsOf(row).indexOf(event.target as HTMLElement);
  const found = body.querySelector<HTMLElement>(`[aria-rowindex="${next}"]`);
  // A record may have fewer controls than its neighbour; each has its checkbox and its link.
  if (found) (controlsOf(found)[at] ?? controlsOf(found)[1])?.focus();
}

const controlsOf = (row: HTMLElement): HTMLElement[] => [...row.querySelectorAll<HTMLElement>("input, a, button")];

interface GridRowProps {
  readonly row: Row;
  readonly index: number;
  readonly startPx: number;
  readonly columns: readonly Column[];
  readonly labels: Labels;
  readonly isPicked: boolean;
  readonly onPick: (event: MouseEvent, at: number) => void;
}

/** Scrolling draws the grid again for every new row; those that stay are left alone. */
const GridRow = memo(function GridRow({ row, index, startPx, columns, labels, isPicked, onPick }: GridRowProps) {
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      data-picked={isPicked || undefined}
      className="grid-row"
      style={{ transform: `translateY(${startPx}px)` }}
    >
      <div role="cell" className="grid-cell pick">
        <input
          type="checkbox"
          aria-label={texts.select(row.id)}
          checked={isPicked}
          onClick={(event) => onPick(event, index)}
          onChange={() => {}}
        />
      </div>
      {columns.map((column, at) => (
        <div key={column.name} role="cell" className={cellClass(column)} style={cellStyle(at)}>
          {column.name === "id" ? <RecordId id={row.id} /> : <Cell column={column} row={row} labels={labels} />}
        </div>
      ))}
    </div>
  );
});
