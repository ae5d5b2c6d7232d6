// The console's first page: what is to be done next while a project is young, then how to reach it and how it is.
import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useRef } from "react";
import { api } from "../api/api.ts";
import { collectionsQuery, keysQuery } from "../api/queries.ts";
import type { Collection } from "../api/types.ts";
import { CollectionTable } from "../collections/CollectionTable.tsx";
import { ProblemView } from "../parts/ProblemView.tsx";
import { RowsSkeleton } from "../parts/Skeletons.tsx";
import { Connect } from "./Connect.tsx";
import { FirstSteps } from "./FirstSteps.tsx";
import { Health } from "./Health.tsx";
import { newest, recent, stepsDone } from "./steps.ts";
import { texts } from "./texts.ts";

/** While the first request is awaited; after that nobody waits for anything. */
const pollMs = 2_000;
const recentMost = 6;

export function HomeScreen() {
  const collections = useQuery(collectionsQuery);
  const keys = useQuery({
    ...keysQuery,
    refetchInterval: ({ state }) => (state.data?.items.some(({ lastUsedAt }) => lastUsedAt) ? false : pollMs),
  });
  // The collection of users is there from the start: nobody has made it, and nothing was begun by it.
  const made = (collections.data ?? []).filter(({ kind }) => kind === "base");
  const latest = newest(made);
  const look = useQuery({
    queryKey: ["records", latest?.name, "any"],
    queryFn: ({ signal }) => api.records.list(latest?.name ?? "", { limit: 1, fields: "id" }, signal),
    enabled: latest !== undefined,
  });
  const wereOpen = useRef(false);
  const error = collections.error ?? keys.error;
  if (error || !collections.data || !keys.data || (latest !== undefined && look.isPending)) {
    return (
      <div className="screen">
        <h1>{texts.title}</h1>
        {error ? <ProblemView error={error} onRetry={() => void collections.refetch()} /> : <RowsSkeleton rows={6} />}
      </div>
    );
  }
  const known = { collections: made, keys: keys.data.items };
  const done = stepsDone({ ...known, newestHasRecords: (look.data?.items.length ?? 0) > 0 });
  // Steps that were open when somebody came stay to be seen done; who comes later finds them gone.
  wereOpen.current ||= Object.values(done).includes(false);
  return (
    <div className="screen">
      <h1>{texts.title}</h1>
      <div className="home">
        <div className="home-main">
          {wereOpen.current ? <FirstSteps done={done} latest={latest} {...known} /> : null}
          {latest && wereOpen.current ? <Connect collection={latest} /> : null}
          {latest ? <Recent collections={collections.data} /> : null}
          {latest && !wereOpen.current ? <Connect collection={latest} /> : null}
        </div>
        <Health keys={known.keys} />
      </div>
    </div>
  );
}

function Recent({ collections }: { readonly collections: readonly Collection[] }) {
  return (
    <section>
      <div className="code-head">
        <h2>{texts.recent.title}</h2>
        <span className="grow" />
        <Button
          variant="default"
          size="xs"
          leftSection={<IconPlus size={14} />}
          renderRoot={(props) => <Link to="/new-collection" {...props} />}
        >
          {texts.recent.add}
        </Button>
      </div>
      <CollectionTable collections={recent(collections, recentMost)} />
      {collections.length > recentMost ? (
        <p className="code-foot">
          <Link to="/collections">{texts.recent.all}</Link>
        </p>
      ) : null}
    </section>
  );
}
