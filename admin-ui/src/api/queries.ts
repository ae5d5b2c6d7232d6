// What the screens share of the server's state: keys, freshness, and when a failed read is worth repeating.
import { QueryClient, queryOptions } from "@tanstack/react-query";
import { api } from "./api.ts";
import { ApiProblem } from "./http.ts";

/** A refusal stays a refusal; only silence, shedding and faults are asked again. */
export function worthRetrying(failures: number, error: unknown): boolean {
  if (failures >= 2) return false;
  return error instanceof ApiProblem && (error.status === 0 || error.status === 429 || error.status >= 500);
}

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: { staleTime: 10_000, retry: worthRetrying, networkMode: "always" },
    mutations: { retry: false, networkMode: "always" },
  },
});

export const collectionsQuery = queryOptions({
  queryKey: ["collections"],
  queryFn: async ({ signal }) => {
    const { items } = await api.collections.list(signal);
    return [...items].sort((a, b) => a.name.localeCompare(b.name));
  },
});

/** The sets do not change while a server runs. */
export const ruleSetsQuery = queryOptions({
  queryKey: ["ruleSets"],
  queryFn: async ({ signal }) => (await api.collections.ruleSets(signal)).items,
  staleTime: Number.POSITIVE_INFINITY,
});

export const serverQuery = queryOptions({
  queryKey: ["server"],
  queryFn: ({ signal }) => api.server.status(signal),
});

export const keysQuery = queryOptions({
  queryKey: ["keys"],
  queryFn: ({ signal }) => api.keys.list(signal),
});

export const providersQuery = (collection: string) =>
  queryOptions({
    queryKey: ["providers", collection],
    queryFn: ({ signal }) => api.providers.list(collection, signal),
  });

/** Part of the server's code, as the rule sets are. */
export const providerPresetsQuery = queryOptions({
  queryKey: ["providerPresets"],
  queryFn: async ({ signal }) => (await api.providers.presets(signal)).items,
  staleTime: Number.POSITIVE_INFINITY,
});

/** Asked often while something runs, seldom otherwise: another process or the schedule may have begun. */
export const backupsQuery = queryOptions({
  queryKey: ["backups"],
  queryFn: ({ signal }) => api.backups.list(signal),
  refetchInterval: ({ state }) => (state.data?.work?.outcome === "running" ? 1_000 : 10_000),
});

/** After a definition changed: the list, and every record page of that collection. */
export async function definitionChanged(name: string): Promise<void> {
  await Promise.all([
    queryClient.invalidateQueries({ queryKey: ["collections"] }),
    queryClient.invalidateQueries({ queryKey: ["records", name] }),
  ]);
}
