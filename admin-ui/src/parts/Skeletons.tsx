// The shape of what is coming, while it loads.
import { Skeleton } from "@mantine/core";
import { texts } from "./texts.ts";

export function ScreenSkeleton() {
  return (
    <div className="screen" role="status" aria-label={texts.loading}>
      <Skeleton height={28} width={220} mb="lg" />
      <RowsSkeleton rows={6} />
    </div>
  );
}

export function RowsSkeleton({ rows }: { readonly rows: number }) {
  return (
    <div role="status" aria-label={texts.loading}>
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all alike
        <Skeleton key={row} height={20} my={12} />
      ))}
    </div>
  );
}
