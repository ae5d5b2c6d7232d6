// Pages of records as one growing list, with the names of what they point to.
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useMemo, useRef } from "react";
import { api } from "../api/api.ts";
import type { Collection, Row } from "../api/types.ts";
import { fieldsText, hopsOf, type Labels, manyLabels, manyQuery, separated } from "./relation-labels.ts";

/** Several screens full, so that fast scrolling seldom waits. */
const pageSize = 200;

export function useRecords(
  collection: Collection,
  all: readonly Collection[],
  filter: string | undefined,
  sort: string | undefined,
) {
  const hops = useMemo(() => hopsOf(collection, all), [collection, all]);
  const manyHops = useMemo(() => hopsOf(collection, all, "many"), [collection, all]);
  const fields = fieldsText(collection, hops);
  const many = manyQuery(manyHops);
  const query = useInfiniteQuery({
    queryKey: ["records", collection.name, { filter, sort, fields, many }],
    queryFn: async ({ pageParam, signal }) => {
      const asked = { filter, sort, limit: pageSize, cursor: pageParam };
      const [{ items, ...page }, names] = await Promise.all([
        api.records.list(collection.name, { ...asked, fields }, signal),
        // Without names the ids are shown, so a failure here costs no more than that.
        many && api.records.list(collection.name, { ...asked, ...many }, signal).catch(() => undefined),
      ]);
      const { items: plain, labels } = separated(items, hops);
      return { ...page, items: plain, labels: new Map([...labels, ...manyLabels(names?.items ?? [], manyHops)]) };
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    placeholderData: keepPreviousData,
  });
  // A filter with a mistake, or a lost connection, does not take away what was there.
  const before = useRef<{ readonly collection: string; readonly pages: NonNullable<typeof query.data>["pages"] }>(
    undefined,
  );
  if (query.data && !query.isPlaceholderData) before.current = { collection: collection.name, pages: query.data.pages };
  const isOld = query.error !== null && query.data === undefined && before.current?.collection === collection.name;
  const pages = isOld ? before.current?.pages : query.data?.pages;
  const rows: readonly Row[] = useMemo(() => pages?.flatMap(({ items }) => items) ?? [], [pages]);
  const labels: Labels = useMemo(() => new Map(pages?.flatMap((page) => [...page.labels])), [pages]);
  return { ...query, hasNextPage: query.hasNextPage && !isOld, rows, labels, isOld };
}
