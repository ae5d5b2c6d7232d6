// The console's map: every screen, its address, and what its address may carry. Screens load when first opened.
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { session } from "./api/session.ts";
import { Frame } from "./frame/Frame.tsx";
import { NotFound, RouteError } from "./frame/RouteError.tsx";
import { ScreenSkeleton } from "./parts/Skeletons.tsx";
import type { RecordsSearch, RulesSearch, SignInSearch } from "./search.ts";

const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : typeof value === "number" ? String(value) : undefined;

/** Leaves out what is unset, so that addresses stay short. */
function given<T extends object>(all: { [key in keyof T]: T[key] | undefined }): T {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as T;
}

const root = createRootRoute({ component: Outlet });

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  component: lazyRouteComponent(() => import("./access/SetupScreen.tsx"), "SetupScreen"),
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (search: Record<string, unknown>): SignInSearch =>
    given<SignInSearch>({
      return: text(search.return),
      expired: search.expired === true || search.expired === "true" ? true : undefined,
    }),
  component: lazyRouteComponent(() => import("./access/SignInScreen.tsx"), "SignInScreen"),
});

const password = createRoute({
  getParentRoute: () => root,
  path: "/password",
  beforeLoad: ({ location }) => {
    if (!session.current()) throw redirect({ to: "/sign-in", search: { return: location.href } });
  },
  component: lazyRouteComponent(() => import("./access/PasswordScreen.tsx"), "PasswordScreen"),
});

const frame = createRoute({
  getParentRoute: () => root,
  id: "frame",
  beforeLoad: ({ location }) => {
    if (/^#?setup=/.test(location.hash)) throw redirect({ to: "/setup", hash: location.hash });
    const current = session.current();
    if (!current) throw redirect({ to: "/sign-in", search: { return: location.href } });
    if (current.mustChangePassword) throw redirect({ to: "/password" });
  },
  component: Frame,
});

const home = createRoute({
  getParentRoute: () => frame,
  path: "/",
  component: lazyRouteComponent(() => import("./home/HomeScreen.tsx"), "HomeScreen"),
});

const collections = createRoute({
  getParentRoute: () => frame,
  path: "/collections",
  component: lazyRouteComponent(() => import("./collections/CollectionsScreen.tsx"), "CollectionsScreen"),
});

const newCollection = createRoute({
  getParentRoute: () => frame,
  path: "/new-collection",
  component: lazyRouteComponent(() => import("./collections/NewCollectionScreen.tsx"), "NewCollectionScreen"),
});

const collection = createRoute({
  getParentRoute: () => frame,
  path: "/collections/$name",
  component: lazyRouteComponent(() => import("./collections/CollectionScreen.tsx"), "CollectionScreen"),
});

const collectionIndex = createRoute({
  getParentRoute: () => collection,
  path: "/",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/collections/$name/records", params });
  },
});

const records = createRoute({
  getParentRoute: () => collection,
  path: "/records",
  validateSearch: (search: Record<string, unknown>): RecordsSearch =>
    given<RecordsSearch>({ filter: text(search.filter), sort: text(search.sort), record: text(search.record) }),
  component: lazyRouteComponent(() => import("./records/RecordsScreen.tsx"), "RecordsScreen"),
});

const schema = createRoute({
  getParentRoute: () => collection,
  path: "/schema",
  component: lazyRouteComponent(() => import("./collections/SchemaScreen.tsx"), "SchemaScreen"),
});

const rules = createRoute({
  getParentRoute: () => collection,
  path: "/rules",
  validateSearch: (search: Record<string, unknown>): RulesSearch => given<RulesSearch>({ rule: text(search.rule) }),
  component: lazyRouteComponent(() => import("./rules/RulesScreen.tsx"), "RulesScreen"),
});

const transfer = createRoute({
  getParentRoute: () => collection,
  path: "/import",
  component: lazyRouteComponent(() => import("./transfer/TransferScreen.tsx"), "TransferScreen"),
});

const snippets = createRoute({
  getParentRoute: () => collection,
  path: "/api",
  component: lazyRouteComponent(() => import("./snippets/SnippetsScreen.tsx"), "SnippetsScreen"),
});

const providers = createRoute({
  getParentRoute: () => collection,
  path: "/providers",
  component: lazyRouteComponent(() => import("./providers/ProvidersScreen.tsx"), "ProvidersScreen"),
});

const collectionSettings = createRoute({
  getParentRoute: () => collection,
  path: "/settings",
  component: lazyRouteComponent(() => import("./collections/SettingsScreen.tsx"), "SettingsScreen"),
});

const keys = createRoute({
  getParentRoute: () => frame,
  path: "/keys",
  component: lazyRouteComponent(() => import("./keys/KeysScreen.tsx"), "KeysScreen"),
});

const denials = createRoute({
  getParentRoute: () => frame,
  path: "/denials",
  component: lazyRouteComponent(() => import("./denials/DenialsScreen.tsx"), "DenialsScreen"),
});

const backups = createRoute({
  getParentRoute: () => frame,
  path: "/backups",
  component: lazyRouteComponent(() => import("./backups/BackupsScreen.tsx"), "BackupsScreen"),
});

const server = createRoute({
  getParentRoute: () => frame,
  path: "/server",
  component: lazyRouteComponent(() => import("./status/StatusScreen.tsx"), "StatusScreen"),
});

/** Inside the frame, so that a mistyped address still offers the way on. */
const notFound = createRoute({ getParentRoute: () => frame, path: "/$", component: NotFound });

export const router = createRouter({
  basepath: "/console",
  routeTree: root.addChildren([
    setup,
    signIn,
    password,
    frame.addChildren([
      home,
      collections,
      newCollection,
      collection.addChildren([
        collectionIndex,
        records,
        schema,
        rules,
        transfer,
        snippets,
        providers,
        collectionSettings,
      ]),
      keys,
      denials,
      backups,
      server,
      notFound,
    ]),
  ]),
  defaultPreload: "intent",
  defaultErrorComponent: RouteError,
  defaultNotFoundComponent: NotFound,
  defaultPendingComponent: ScreenSkeleton,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
