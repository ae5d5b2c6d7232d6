// Pages of records as one growing list.
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { api } from "../api/api.ts";
import type { Row } from "../api/types.ts";

const pageSize = 100;

export function useRecords(collection: string, filter: string | undefined, sort: string | undefined) {
  const query = useInfiniteQuery({
    queryKey: ["records", collection, { filter, sort }],
    queryFn: ({ pageParam, signal }) =>
      api.records.list(collection, { filter, sort, limit: pageSize, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    placeholderData: keepPreviousData,
  });
  const rows: readonly Row[] = query.data?.pages.flatMap(({ items }) => items) ?? [];
  return { ...query, rows };
}
