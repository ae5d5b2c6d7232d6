// Every collection with its size and who may list it.
import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { collectionsQuery } from "../api/queries.ts";
import { EmptyState } from "../parts/EmptyState.tsx";
import { ProblemView } from "../parts/ProblemView.tsx";
import { RowsSkeleton } from "../parts/Skeletons.tsx";
import { CollectionTable } from "./CollectionTable.tsx";
import { texts } from "./texts.ts";

const words = texts.list;

export function CollectionsScreen() {
  const { data, error, isPending, refetch } = useQuery(collectionsQuery);
  const add = (
    <Button component={Link} to="/new-collection" leftSection={<IconPlus size={16} />}>
      {words.add}
    </Button>
  );
  return (
    <div className="screen">
      <div className="screen-head">
        <h1>{words.title}</h1>
        {data && data.length > 0 ? add : null}
      </div>
      {isPending ? <RowsSkeleton rows={5} /> : null}
      {error ? <ProblemView error={error} onRetry={() => void refetch()} /> : null}
      {data?.length === 0 ? (
        <EmptyState title={words.emptyTitle} body={words.emptyBody} example={words.example}>
          {add}
        </EmptyState>
      ) : null}
      {data && data.length > 0 ? <CollectionTable collections={data} /> : null}
    </div>
  );
}
