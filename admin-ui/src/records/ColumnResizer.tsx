// The edge of a column head: dragged it changes the width, a double click gives the type's own width back. For the pointer
// alone; the keyboard does the same from the head itself (Shift and the arrows).
import { type PointerEvent, useRef } from "react";

interface ColumnResizerProps {
  readonly name: string;
  readonly onResize: (column: string, widthPx: number | undefined) => void;
}

export function ColumnResizer({ name, onResize }: ColumnResizerProps) {
  const from = useRef<{ readonly x: number; readonly widthPx: number }>(undefined);
  const begin = (event: PointerEvent<HTMLElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    from.current = { x: event.clientX, widthPx: shownWidthPx(event.currentTarget) };
  };
  const drag = (event: PointerEvent) => {
    if (from.current) onResize(name, from.current.widthPx + event.clientX - from.current.x);
  };
  const end = () => {
    from.current = undefined;
  };
  return (
    <div
      aria-hidden
      className="resizer"
      onPointerDown={begin}
      onPointerMove={drag}
      onPointerUp={end}
      onPointerCancel={end}
      onDoubleClick={() => onResize(name, undefined)}
    />
  );
}

/** What is on the screen, which is more than asked for where the column grew into free space. */
export function shownWidthPx(inHead: Element): number {
  return inHead.closest("[role=columnheader]")?.getBoundingClientRect().width ?? 0;
}
