// Where sign-in may lead back to. An address from outside could carry anything, so only paths of the console pass.
const base = "/console";

/** `back` is the router's own form, without the base: `/collections/posts/records?filter=…`. */
export function ownAddress(back: string | undefined): string {
  const path = back?.startsWith(`${base}/`) ? back.slice(base.length) : back;
  const isOwn = path !== undefined && /^\/(?![/\\])/.test(path) && !path.startsWith("/sign-in");
  return base + (isOwn ? path : "/");
}
