// The grid's head: sorts, picks all, and changes widths. One tab stop however many columns there are: the arrows lead from
// one to the next, with Shift they move its edge.
// biome-ignore-all lint/a11y/useSemanticElements: rows are placed by transform, which table elements do not allow
// biome-ignore-all lint/a11y/useFocusableInteractive: the controls are inside the cells
import { UnstyledButton } from "@mantine/core";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { type KeyboardEvent, memo, useState } from "react";
import type { Row } from "../api/types.ts";
import { ColumnResizer, shownWidthPx } from "./ColumnResizer.tsx";
import { type Column, cellClass, cellStyle, nextSort } from "./columns.ts";
import { texts } from "./texts.ts";

interface GridHeadProps {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  readonly sort: string | undefined;
  readonly picked: ReadonlySet<string>;
  readonly onSort: (sort: string | undefined) => void;
  readonly onPick: (picked: ReadonlySet<string>) => void;
  readonly onResize: (column: string, widthPx: number | undefined) => void;
}

const keyStepPx = 16;

/** Scrolling draws the grid for every new row; the head is left alone. */
export const GridHead = memo(function GridHead(props: GridHeadProps) {
  const { columns, rows, sort, picked, onSort, onPick, onResize } = props;
  const [current, setCurrent] = useState(0);
  const all = rows.length > 0 && rows.every(({ id }) => picked.has(id));
  const onKeyDown = (event: KeyboardEvent, at: number) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const name = columns[at]?.name;
    if (step === 0 || name === undefined) return;
    event.preventDefault();
    if (event.shiftKey) return onResize(name, shownWidthPx(event.currentTarget) + step * keyStepPx);
    const heads = event.currentTarget.closest("[role=row]")?.querySelectorAll<HTMLElement>(".head-control");
    heads?.[at + step]?.focus();
  };
  return (
    <div className="grid-head" role="rowgroup">
      <div className="grid-row" role="row" aria-rowindex={1}>
        <div role="columnheader" className="grid-cell pick">
          <input
            type="checkbox"
            aria-label={texts.selectAll}
            checked={all}
            ref={(box) => {
              if (box) box.indeterminate = !all && picked.size > 0;
            }}
            onChange={() => onPick(all ? new Set() : new Set(rows.map(({ id }) => id)))}
          />
        </div>
        {columns.map((column, at) => (
          <HeadCell
            key={column.name}
            column={column}
            at={at}
            // A column that was hidden since may have been the current one.
            isCurrent={at === Math.min(current, columns.length - 1)}
            sort={sort}
            onSort={onSort}
            onResize={onResize}
            onFocus={() => setCurrent(at)}
            onKeyDown={(event) => onKeyDown(event, at)}
          />
        ))}
      </div>
    </div>
  );
});

interface HeadCellProps extends Pick<GridHeadProps, "sort" | "onSort" | "onResize"> {
  readonly column: Column;
  readonly at: number;
  readonly isCurrent: boolean;
  readonly onFocus: () => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
}

function HeadCell({ column, at, isCurrent, sort, onSort, onResize, onFocus, onKeyDown }: HeadCellProps) {
  const direction = sort === column.name ? "ascending" : sort === `-${column.name}` ? "descending" : "none";
  const Arrow = direction === "ascending" ? IconArrowUp : IconArrowDown;
  const stop = { className: "head-control", tabIndex: isCurrent ? 0 : -1, onFocus, onKeyDown };
  return (
    <div
      role="columnheader"
      className={cellClass(column)}
      style={cellStyle(at)}
      {...(column.sortable ? { "aria-sort": direction } : {})}
    >
      {column.sortable ? (
        <UnstyledButton {...stop} title={texts.sortBy(column.name)} onClick={() => onSort(nextSort(sort, column.name))}>
          <span className="ellipsis">{column.name}</span>
          {direction === "none" ? null : <Arrow size={14} aria-hidden />}
        </UnstyledButton>
      ) : (
        <strong {...stop} title={column.name}>
          <span className="ellipsis">{column.name}</span>
        </strong>
      )}
      <ColumnResizer name={column.name} onResize={onResize} />
    </div>
  );
}
