// A draft as the API takes it. PATCH replaces the parts it names, so only what changed is sent.
import type { Collection } from "../api/types.ts";
import { type Draft, fieldOf } from "./definition-draft.ts";

export function definitionPatch(before: Collection, draft: Draft): object {
  const fields = draft.fields.map(fieldOf);
  const renamed = draft.fields.flatMap(({ was, name }) => (was !== undefined && was !== name ? [[was, name] as const] : []));
  const changed = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b);
  return {
    ...(changed(before.fields, fields) ? { fields } : {}),
    ...(renamed.length > 0 ? { renames: Object.fromEntries(renamed) } : {}),
    ...(changed(before.indexes, draft.indexes) ? { indexes: draft.indexes } : {}),
    ...((before.preconditionRequired ?? false) === draft.preconditionRequired
      ? {}
      : { preconditionRequired: draft.preconditionRequired }),
  };
}
