// A key's scope in a few words.
import type { ApiKey } from "../api/types.ts";
import { texts } from "./texts.ts";

export function scopeText({
  collections,
  readOnly,
  extra,
}: Pick<ApiKey, "collections" | "readOnly" | "extra">): string {
  const names = Object.keys(collections);
  const where =
    names.length === 0
      ? []
      : names.includes("*")
        ? [texts.everything]
        : names.length > 2
          ? [texts.scope(names.length)]
          : names;
  const parts = [...where, ...(readOnly ? [texts.readOnly] : []), ...extra.map((one) => texts.form.extras[one])];
  return parts.join(", ") || texts.nothing;
}
