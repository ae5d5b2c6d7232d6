// The collection the current screen is about, from the cached list.
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { collectionsQuery } from "../api/queries.ts";
import type { Collection } from "../api/types.ts";

/** Below `CollectionScreen`, which renders its tabs only once the collection is there. */
export function useCollection(): Collection {
  const name = useParams({ strict: false, select: (params) => params.name });
  const { data } = useQuery(collectionsQuery);
  const found = data?.find((collection) => collection.name === name);
  if (!found) throw new Error(`the screen of ${name} is shown without its collection`);
  return found;
}
