// One collection: its tabs, and the tab that is open.
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useLocation, useParams } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { collectionsQuery } from "../api/queries.ts";
import { EmptyState } from "../parts/EmptyState.tsx";
import { ProblemView } from "../parts/ProblemView.tsx";
import { ScreenSkeleton } from "../parts/Skeletons.tsx";
import { texts } from "./texts.ts";

/** With a third part: for collections of that kind alone. */
const tabs = [
  ["/collections/$name/records", texts.tabs.records],
  ["/collections/$name/schema", texts.tabs.schema],
  ["/collections/$name/rules", texts.tabs.rules],
  ["/collections/$name/import", texts.tabs.transfer],
  ["/collections/$name/api", texts.tabs.api],
  ["/collections/$name/providers", texts.tabs.providers, "auth"],
  ["/collections/$name/settings", texts.tabs.settings],
] as const;

export function CollectionScreen() {
  const { name } = useParams({ from: "/frame/collections/$name" });
  const { data, error, isPending, refetch } = useQuery(collectionsQuery);
  // On a narrow screen the open tab may lie beyond the edge.
  const tabBar = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the open tab follows the address, and the bar comes with the data
  useEffect(() => {
    tabBar.current?.querySelector(".active")?.scrollIntoView({ inline: "center", block: "nearest" });
  }, [pathname, isPending]);
  if (isPending) return <ScreenSkeleton />;
  if (error)
    return (
      <div className="screen">
        <ProblemView error={error} onRetry={() => void refetch()} />
      </div>
    );
  const collection = data.find((one) => one.name === name);
  if (!collection) {
    return (
      <EmptyState level={1} title={texts.missing.title(name)} body={texts.missing.body}>
        <Button component={Link} to="/collections">
          {texts.missing.action}
        </Button>
      </EmptyState>
    );
  }
  return (
    <div className="screen-wide">
      <h1 className="sr-only">{name}</h1>
      <nav className="tabs" aria-label={texts.tabs.label} ref={tabBar}>
        {tabs
          .filter(([, , kind]) => kind === undefined || kind === collection.kind)
          .map(([to, label]) => (
            <Link key={to} to={to} params={{ name }} activeOptions={{ includeSearch: false }}>
              {label}
            </Link>
          ))}
      </nav>
      {/* A new collection starts with fresh state in every tab. */}
      <div className="tab-body" key={name}>
        <Outlet />
      </div>
    </div>
  );
}
