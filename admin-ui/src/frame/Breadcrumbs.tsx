// The trail to the current screen, read from the address.
import { Link, useLocation } from "@tanstack/react-router";
import { texts } from "./texts.ts";

const titles: { readonly [segment: string]: string } = {
  collections: texts.nav.collections,
  keys: texts.nav.keys,
  denials: texts.nav.denials,
  backups: texts.nav.backups,
  server: texts.nav.server,
  "new-collection": texts.sidebar.add,
};

export function Breadcrumbs() {
  const { pathname } = useLocation();
  const [first = "", second] = pathname.split("/").filter(Boolean);
  const inCollection = first === "collections" && second !== undefined;
  return (
    <nav aria-label={texts.header.trail} className="trail">
      {first === "" ? (
        <span aria-current="page">{texts.nav.home}</span>
      ) : (
        <>
          {inCollection || first === "new-collection" ? (
            <>
              <Link to="/collections" className="wide-only">
                {texts.nav.collections}
              </Link>
              <span aria-hidden className="wide-only">
                /
              </span>
            </>
          ) : null}
          <span aria-current="page" className="ellipsis">
            {inCollection ? decodeURIComponent(second) : (titles[first] ?? texts.notFound.short)}
          </span>
        </>
      )}
    </nav>
  );
}
