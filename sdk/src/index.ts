// @landfall/client: the typed client of a Landfall server. Also `/cel` (the expression language) and `/wire` (shapes on the wire).
export type { Receipt, Written } from "./answers.ts";
export type { Auth, AuthOptions } from "./auth.ts";
export type { DeviceCalls, FactorCalls, PasskeyCalls, PasskeyPlatform, SessionCalls } from "./auth-calls.ts";
export type { CryptoLike } from "./auth-redirect.ts";
export { memoryStore, type TokenStore } from "./auth-store.ts";
export type {
  Account,
  AuthChange,
  Device,
  DeviceInput,
  Factor,
  FactorOffer,
  Identity,
  Passkey,
  SignInMethods,
  SignInStep,
  UserOf,
  UserSession,
} from "./auth-types.ts";
export type { Batch, BatchAnswers, BatchCollection, Operation } from "./batch.ts";
export { type Client, type ClientOptions, createClient } from "./client.ts";
export type { Collection, UpsertInput, WriteOptions } from "./collection.ts";
export { type ClientErrorCode, LandfallError } from "./error.ts";
export { append, increment, remove } from "./operators.ts";
export type { Page, Query } from "./query.ts";
export type { AbortSignalLike, FetchLike, ResponseLike } from "./runtime.ts";
export {
  type CollectionName,
  type CollectionShape,
  type CreateInput,
  defineSchema,
  type Expanded,
  type ExpandInput,
  type FieldShape,
  type FilterInput,
  type GeoPoint,
  type JsonValue,
  type RecordOf,
  type SchemaShape,
  type UpdateInput,
} from "./schema.ts";
export type { CallOptions } from "./transport.ts";
