/** One step of `npm run check`. `details` is printed: what is wrong and how to mend it, or a remark. */
export interface Step {
  readonly name: string;
  readonly run: (root: string) => { readonly ok: boolean; readonly details: string };
}

/** One package of the lockfile. */
export interface LockedPackage {
  /** `node_modules/express`, as in the lockfile. */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  /** Only reachable from devDependencies. */
  readonly dev: boolean;
  readonly licence: string | undefined;
}
