import type { Collection } from "../api/types.ts";
import type { Finding } from "./finding.ts";
export interface CheckScope {
  readonly collection: Collection;
  readonly all: readonly Collection[];
  readonly hasBefore: boolean;
}
export function checkRule(_text: string, _scope: CheckScope): Finding | undefined {
  return undefined;
}
