// Shapes that cross the wire, shared by the server, the client and the console. Types and pure functions only.
export {
  type CollectionDefinition,
  type CollectionKind,
  collectionKinds,
  type FieldDefinition,
  type FieldType,
  fieldTypes,
  type IndexDefinition,
  type RecordAction,
  type RuleSet,
  recordActions,
} from "./definition.ts";
export type { JsonValue } from "./json.ts";
export type { ProblemDocument, ProblemIssue } from "./problem.ts";
export { type DefinedCollection, schemaModule, schemaOf } from "./schema-module.ts";
