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
    names.length > 2 && !names.includes("*")
      ? [texts.scope(names.length)]
      : names.map((name) => texts.within(name === "*" ? texts.everything : name, collections[name] ?? []));
  const parts = [
    ...where,
    ...(readOnly ? [texts.readOnly] : []),
    ...extra.map((one) => texts.form.extras[one].toLowerCase()),
  ];
  return parts.join("; ") || texts.nothing;
}
