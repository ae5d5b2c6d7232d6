// The chapters of the API, as the OpenAPI document and the reference show them. A room names its own, once.
const descriptions = new Map<string, string>();

/** `const tag = defineTag("Records", "…")`: for `tag` of the room's routes. */
export function defineTag(name: string, description: string): string {
  const known = descriptions.get(name);
  if (known !== undefined && known !== description) throw new Error(`the tag ${name} is described twice`);
  descriptions.set(name, description);
  return name;
}

export function tagDescriptions(): ReadonlyMap<string, string> {
  return descriptions;
}
