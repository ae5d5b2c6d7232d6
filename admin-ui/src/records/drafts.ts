// Unsaved records, kept in this browser until they are saved or discarded.
import type { Form } from "./record-form.ts";

const keyOf = (collection: string, id: string | undefined) => `landfall.draft.${collection}.${id ?? "new"}`;

export function keptDraft(collection: string, id: string | undefined): Form | undefined {
  try {
    const text = localStorage.getItem(keyOf(collection, id));
    return text ? (JSON.parse(text) as Form) : undefined;
  } catch {
    return undefined;
  }
}

/** Null forgets it. A full or blocked storage costs the draft, not the edit. */
export function keepDraft(collection: string, id: string | undefined, form: Form | null): void {
  try {
    if (form) localStorage.setItem(keyOf(collection, id), JSON.stringify(form));
    else localStorage.removeItem(keyOf(collection, id));
  } catch {
    // Nothing to do: the form on the screen is untouched.
  }
}
