// A draft as the API takes it. PATCH replaces the parts it names, so only what changed is sent.
import type { Collection } from "../api/types.ts";
import { type Draft, fieldOf } from "./definition-draft.ts";

export function definitionPatch(before: Collection, draft: Draft): object {
  // `was` tells a rename from a removal with an addition.
  const fields = draft.fields.map((field) => ({
    ...fieldOf(field),
    ...(field.was !== undefined && field.was !== field.name ? { was: field.was } : {}),
  }));
  const changed = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b);
  return {
    ...(changed(before.fields, fields) ? { fields } : {}),
    ...(changed(before.indexes, draft.indexes) ? { indexes: draft.indexes } : {}),
    ...((before.preconditionRequired ?? false) === draft.preconditionRequired
      ? {}
      : { preconditionRequired: draft.preconditionRequired }),
  };
}
