// The records of a collection: filter bar, grid, what can be done with the chosen ones, and the record in the drawer.
import { Button } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useMemo, useState } from "react";
import { collectionsQuery } from "../api/queries.ts";
import { useCollection } from "../collections/useCollection.ts";
import { EmptyState } from "../parts/EmptyState.tsx";
import { ProblemView } from "../parts/ProblemView.tsx";
import { RowsSkeleton } from "../parts/Skeletons.tsx";
import { filterFinding } from "../rules/finding.ts";
import type { RecordsSearch } from "../search.ts";
import { createCall } from "../snippets/snippets.ts";
import { columnsOf, hiddenAtFirst } from "./columns.ts";
import { GridFoot } from "./GridFoot.tsx";
import { GridToolbar } from "./GridToolbar.tsx";
import { RecordGrid } from "./RecordGrid.tsx";
import { texts } from "./texts.ts";
import { useGridKeys } from "./useGridKeys.ts";
import { useRecords } from "./useRecords.ts";

const RecordDrawer = lazy(() => import("./RecordDrawer.tsx"));

export function RecordsScreen() {
  const collection = useCollection();
  const { data: all = [] } = useQuery(collectionsQuery);
  const search = useSearch({ from: "/frame/collections/$name/records" });
  const navigate = useNavigate({ from: "/collections/$name/records" });
  const go = useCallback(
    (change: { readonly [key in keyof RecordsSearch]: RecordsSearch[key] | undefined }) =>
      void navigate({
        search: (old) => Object.fromEntries(Object.entries({ ...old, ...change }).filter(([, value]) => value)),
      }),
    [navigate],
  );
  const [hidden, setHidden] = useLocalStorage<readonly string[]>({
    key: `landfall.columns.${collection.name}`,
    defaultValue: hiddenAtFirst,
    getInitialValueInEffect: false,
  });
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const columns = useMemo(() => columnsOf(collection), [collection]);
  const records = useRecords(collection, all, search.filter, search.sort);
  const { rows, labels, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, isOld } = records;
  const onEndNear = useCallback(() => {
    if (!isFetchingNextPage) void fetchNextPage();
  }, [isFetchingNextPage, fetchNextPage]);
  useGridKeys({ onNew: () => go({ record: "new" }) });

  const shown = useMemo(() => columns.filter(({ name }) => !hidden.includes(name)), [columns, hidden]);
  const finding = search.filter ? filterFinding(error) : undefined;
  const isEmpty = !isPending && !error && rows.length === 0;
  return (
    <div className="screen-wide">
      <GridToolbar
        collection={collection}
        all={all}
        filter={search.filter}
        finding={finding}
        columns={columns}
        hidden={hidden}
        fetching={records.isRefetching}
        onHide={setHidden}
        onFilter={(filter) => go({ filter: filter || undefined })}
        onRefresh={() => void records.refetch()}
        onNew={() => go({ record: "new" })}
      />
      {error && !finding ? (
        <div className="screen">
          <ProblemView error={error} onRetry={() => void records.refetch()} />
        </div>
      ) : null}
      {finding ? (
        <p className="quiet filter-note" role="status">
          {isOld ? texts.oldRecords : texts.noRecordsYet}
        </p>
      ) : null}
      {isPending ? (
        <div className="screen">
          <RowsSkeleton rows={8} />
        </div>
      ) : null}
      {isEmpty && search.filter ? (
        <EmptyState title={texts.noMatchTitle} body={texts.noMatchBody}>
          <Button variant="default" onClick={() => go({ filter: undefined })}>
            {texts.clearFilter}
          </Button>
        </EmptyState>
      ) : null}
      {isEmpty && !search.filter ? (
        <EmptyState title={texts.emptyTitle} body={texts.emptyBody} example={createCall(collection, location.origin)}>
          <Button onClick={() => go({ record: "new" })}>{texts.add}</Button>
          <Button
            variant="default"
            renderRoot={(props) => (
              <Link {...props} to="/collections/$name/import" params={{ name: collection.name }} />
            )}
          >
            {texts.import}
          </Button>
        </EmptyState>
      ) : null}
      {rows.length > 0 ? (
        <RecordGrid
          collection={collection.name}
          columns={shown}
          rows={rows}
          labels={labels}
          sort={search.sort}
          picked={picked}
          hasMore={hasNextPage}
          onSort={(sort) => go({ sort })}
          onPick={setPicked}
          onEndNear={onEndNear}
        />
      ) : null}
      <GridFoot
        collection={collection}
        all={all}
        rows={rows}
        picked={picked}
        filter={search.filter}
        hasMore={hasNextPage}
        loading={isFetchingNextPage}
        onPick={setPicked}
      />
      {search.record ? (
        <Suspense>
          <RecordDrawer
            key={search.record}
            collection={collection}
            all={all}
            id={search.record === "new" ? undefined : search.record}
            onClose={() => go({ record: undefined })}
          />
        </Suspense>
      ) : null}
    </div>
  );
}
