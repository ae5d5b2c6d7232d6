// Pages of records as one growing list, with the names of what they point to.
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api } from "../api/api.ts";
import type { Collection, Row } from "../api/types.ts";
import { fieldsText, hopsOf, type Labels, separated } from "./relation-labels.ts";

/** Several screens full, so that fast scrolling seldom waits. */
const pageSize = 200;

export function useRecords(
  collection: Collection,
  all: readonly Collection[],
  filter: string | undefined,
  sort: string | undefined,
) {
  const hops = useMemo(() => hopsOf(collection, all), [collection, all]);
  const fields = fieldsText(collection, hops);
  const query = useInfiniteQuery({
    queryKey: ["records", collection.name, { filter, sort, fields }],
    queryFn: async ({ pageParam, signal }) => {
      const asked = { filter, sort, fields, limit: pageSize, cursor: pageParam };
      const { items, ...page } = await api.records.list(collection.name, asked, signal);
      return { ...page, ...separated(items, hops) };
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    placeholderData: keepPreviousData,
  });
  const pages = query.data?.pages;
  const rows: readonly Row[] = useMemo(() => pages?.flatMap(({ items }) => items) ?? [], [pages]);
  const labels: Labels = useMemo(() => new Map(pages?.flatMap((page) => [...page.labels])), [pages]);
  return { ...query, rows, labels };
}
