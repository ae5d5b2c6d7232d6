// Every call the console makes, typed, in one place. All of them are doors of the public API.
import { type Answer, request, send } from "./http.ts";
import type {
  ApiKey,
  Backups,
  Collection,
  Denial,
  ImportAnswer,
  KeyInput,
  NewApiKey,
  Page,
  Provider,
  ProviderInput,
  ProviderPreset,
  ProviderTest,
  Row,
  RuleSetOffer,
  ServerStatus,
  Session,
} from "./types.ts";

const collectionPath = (name: string) => `/v1/collections/${encodeURIComponent(name)}`;
const recordsPath = (name: string) => `${collectionPath(name)}/records`;
const recordPath = (name: string, id: string) => `${recordsPath(name)}/${encodeURIComponent(id)}`;
const providersPath = (collection: string) => `${collectionPath(collection)}/auth/providers`;
const providerPath = (collection: string, name: string) => `${providersPath(collection)}/${encodeURIComponent(name)}`;
const backupPath = (name: string) => `/v1/backups/${encodeURIComponent(name)}`;

const data = async <T>(answer: Promise<Answer<T>>): Promise<T> => (await answer).data;

export interface ListQuery {
  readonly filter?: string | undefined;
  /** Values of `$name` in the filter, as a JSON object. */
  readonly params?: string;
  readonly sort?: string | undefined;
  readonly fields?: string | undefined;
  readonly expand?: string;
  readonly limit?: number;
  readonly cursor?: string | undefined;
  readonly count?: "exact" | undefined;
}

/** The caller has seen what the server's 409 said would be lost. */
export type Confirm = "loss" | undefined;

export const api = {
  setup: {
    state: () => data(request<{ needed: boolean }>("GET", "/v1/setup")),
    complete: (json: { secret: string; email: string; password: string }) =>
      data(request<Session>("POST", "/v1/setup", { json })),
  },
  admin: {
    signIn: (json: { email: string; password: string }) =>
      data(request<Session>("POST", "/v1/admin/sign-in", { json })),
    signOut: () => data(request<void>("POST", "/v1/admin/sign-out")),
    changePassword: (json: { currentPassword?: string; password: string }) =>
      data(request<void>("POST", "/v1/admin/password", { json })),
  },
  collections: {
    list: (signal?: AbortSignal) => data(request<Page<Collection>>("GET", "/v1/collections", { signal })),
    ruleSets: (signal?: AbortSignal) =>
      data(request<Page<RuleSetOffer>>("GET", "/v1/collections:ruleSets", { signal })),
    create: (json: object) => data(request<Collection>("POST", "/v1/collections", { json })),
    update: (name: string, json: object, confirm?: Confirm) =>
      data(request<Collection>("PATCH", collectionPath(name), { json, query: { confirm } })),
    drop: (name: string, confirm?: Confirm) =>
      data(request<void>("DELETE", collectionPath(name), { query: { confirm } })),
  },
  records: {
    list: (name: string, query: ListQuery, signal?: AbortSignal) =>
      data(request<Page<Row>>("GET", recordsPath(name), { query: { ...query }, signal })),
    get: (name: string, id: string, signal?: AbortSignal) => request<Row>("GET", recordPath(name, id), { signal }),
    create: (name: string, json: object) => request<Row>("POST", recordsPath(name), { json }),
    /** All or nothing, at most 1,000. */
    createMany: (name: string, json: readonly object[]) =>
      data(request<{ items: readonly Row[] }>("POST", recordsPath(name), { json })),
    update: (name: string, id: string, json: object, etag?: string) =>
      request<Row>("PATCH", recordPath(name, id), { json, ...ifMatch(etag) }),
    /** Absent fields take their default. */
    replace: (name: string, id: string, json: object, etag?: string) =>
      request<Row>("PUT", recordPath(name, id), { json, ...ifMatch(etag) }),
    remove: (name: string, id: string, etag?: string) =>
      data(request<void>("DELETE", recordPath(name, id), { ...ifMatch(etag) })),
    exported: (name: string, signal?: AbortSignal) =>
      send("GET", `${recordsPath(name)}:export`, { signal, headers: { Accept: "application/x-ndjson" } }),
    importChunk: (name: string, id: string, ndjson: string, signal?: AbortSignal) =>
      data(
        request<ImportAnswer>("POST", `${recordsPath(name)}:import`, {
          raw: ndjson,
          contentType: "application/x-ndjson",
          query: { importId: id },
          signal,
        }),
      ),
  },
  keys: {
    list: (signal?: AbortSignal) => data(request<Page<ApiKey>>("GET", "/v1/api-keys", { signal })),
    create: (json: KeyInput) => data(request<NewApiKey>("POST", "/v1/api-keys", { json })),
    update: (id: string, json: Partial<KeyInput>) =>
      data(request<ApiKey>("PATCH", `/v1/api-keys/${encodeURIComponent(id)}`, { json })),
    rotate: (id: string) => data(request<NewApiKey>("POST", `/v1/api-keys/${encodeURIComponent(id)}:rotate`)),
    revoke: (id: string) => data(request<void>("DELETE", `/v1/api-keys/${encodeURIComponent(id)}`)),
  },
  providers: {
    presets: (signal?: AbortSignal) =>
      data(request<Page<ProviderPreset>>("GET", "/v1/auth/provider-presets", { signal })),
    list: (collection: string, signal?: AbortSignal) =>
      data(request<Page<Provider>>("GET", providersPath(collection), { signal })),
    put: (collection: string, name: string, json: ProviderInput) =>
      data(request<Provider>("PUT", providerPath(collection, name), { json })),
    remove: (collection: string, name: string) => data(request<void>("DELETE", providerPath(collection, name))),
    test: (collection: string, name: string) =>
      data(request<ProviderTest>("POST", `${providerPath(collection, name)}:test`)),
  },
  denials: {
    list: (cursor: string | undefined, signal?: AbortSignal) =>
      data(request<Page<Denial>>("GET", "/v1/denials", { query: { cursor }, signal })),
  },
  backups: {
    list: (signal?: AbortSignal) => data(request<Backups>("GET", "/v1/backups", { signal })),
    take: () => data(request<void>("POST", "/v1/backups")),
    cancel: () => data(request<void>("POST", "/v1/backups:cancel")),
    verify: (name: string) => data(request<void>("POST", `${backupPath(name)}:verify`)),
    link: (name: string, password: string) =>
      data(request<{ url: string }>("POST", `${backupPath(name)}:download`, { json: { password } })),
    remove: (name: string) => data(request<void>("DELETE", backupPath(name))),
  },
  server: {
    status: (signal?: AbortSignal) => data(request<ServerStatus>("GET", "/v1/server", { signal })),
  },
};

function ifMatch(etag: string | undefined): { headers?: { "If-Match": string } } {
  return etag ? { headers: { "If-Match": etag } } : {};
}
