// The grid: a sticky head, and only those rows in the page that can be seen. Rows are 32 px, so nothing is measured.
// biome-ignore-all lint/a11y/useSemanticElements: rows are placed by transform, which table elements do not allow
// biome-ignore-all lint/a11y/useFocusableInteractive: the controls are inside the cells
import { Checkbox, UnstyledButton } from "@mantine/core";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type MouseEvent, useEffect, useRef } from "react";
import type { Row } from "../api/types.ts";
import { Cell } from "./Cell.tsx";
import { type Column, nextSort, pickRange } from "./columns.ts";
import type { Labels } from "./relation-labels.ts";
import { texts } from "./texts.ts";

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

const rowHeightPx = 32;

export function RecordGrid(props: RecordGridProps) {
  const { collection, columns, rows, labels, picked, hasMore, onPick, onEndNear } = props;
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

  const pick = (event: MouseEvent, at: number) => {
    const on = !picked.has(rows[at]?.id ?? "");
    const ids = rows.map(({ id }) => id);
    onPick(pickRange(ids, picked, { at, from: event.shiftKey ? lastPick.current : undefined, on }));
    lastPick.current = at;
  };
  return (
    <div
      ref={scroller}
      className="grid"
      role="table"
      aria-label={texts.grid(collection)}
      aria-rowcount={hasMore ? -1 : rows.length + 1}
      aria-colcount={columns.length + 1}
    >
      <div className="grid-table" role="presentation">
        <Head {...props} />
        <div className="grid-body" role="rowgroup" style={{ height: virtual.getTotalSize() }}>
          {items.map(({ index, start }) => {
            const row = rows[index];
            if (!row) return null;
            return (
              <div
                key={row.id}
                role="row"
                aria-rowindex={index + 2}
                data-picked={picked.has(row.id) || undefined}
                className="grid-row"
                style={{ transform: `translateY(${start}px)` }}
              >
                <PickCell id={row.id} on={picked.has(row.id)} onClick={(event) => pick(event, index)} />
                {columns.map((column) => (
                  <div key={column.name} role="cell" className={`grid-cell${column.numeric ? " number" : ""}`}>
                    {column.name === "id" ? (
                      <Link
                        from="/collections/$name/records"
                        className="grid-open"
                        search={(search) => ({ ...search, record: row.id })}
                        aria-label={texts.open(row.id)}
                      >
                        {row.id}
                      </Link>
                    ) : (
                      <Cell column={column} row={row} labels={labels} />
                    )}
                  </div>
                ))}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

function PickCell({ id, on, onClick }: { id: string; on: boolean; onClick: (event: MouseEvent) => void }) {
  return (
    <div role="cell" className="grid-cell pick">
      <Checkbox size="xs" aria-label={texts.select(id)} checked={on} onClick={onClick} onChange={() => {}} />
    </div>
  );
}

function Head({ columns, rows, sort, picked, onSort, onPick }: RecordGridProps) {
  const all = rows.length > 0 && rows.every(({ id }) => picked.has(id));
  return (
    <div className="grid-head" role="rowgroup">
      <div className="grid-row" role="row" aria-rowindex={1}>
        <div role="columnheader" className="grid-cell pick">
          <Checkbox
            size="xs"
            aria-label={texts.selectAll}
            checked={all}
            indeterminate={!all && picked.size > 0}
            onChange={() => onPick(all ? new Set() : new Set(rows.map(({ id }) => id)))}
          />
        </div>
        {columns.map((column) => (
          <HeadCell key={column.name} column={column} sort={sort} onSort={onSort} />
        ))}
      </div>
    </div>
  );
}

interface HeadCellProps {
  readonly column: Column;
  readonly sort: string | undefined;
  readonly onSort: (sort: string | undefined) => void;
}

function HeadCell({ column, sort, onSort }: HeadCellProps) {
  const direction = sort === column.name ? "ascending" : sort === `-${column.name}` ? "descending" : "none";
  const Arrow = direction === "ascending" ? IconArrowUp : IconArrowDown;
  return (
    <div role="columnheader" className="grid-cell" {...(column.sortable ? { "aria-sort": direction } : {})}>
      {column.sortable ? (
        <UnstyledButton title={texts.sortBy(column.name)} onClick={() => onSort(nextSort(sort, column.name))}>
          <span className="ellipsis">{column.name}</span>
          {direction === "none" ? null : <Arrow size={14} aria-hidden />}
        </UnstyledButton>
      ) : (
        <strong>{column.name}</strong>
      )}
    </div>
  );
}
