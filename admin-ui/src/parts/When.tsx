// A time as people say it, with the exact one on hover and focus.
import { Tooltip } from "@mantine/core";
import { exactTime, relativeTime } from "./time.ts";

export function When({ at, focusable = true }: { readonly at: string; readonly focusable?: boolean }) {
  return (
    <Tooltip label={exactTime(at)}>
      <time dateTime={at} tabIndex={focusable ? 0 : undefined} className="num">
        {relativeTime(at, Date.now())}
      </time>
    </Tooltip>
  );
}
