// Where one can go: the few places of the console, then the collections, found by name and pinned by choice.
import { ActionIcon, Skeleton, TextInput } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import {
  IconArchive,
  IconDatabase,
  IconHome,
  IconKey,
  IconPin,
  IconPinFilled,
  IconPlus,
  IconSearch,
  IconServer,
  IconShieldX,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { collectionsQuery } from "../api/queries.ts";
import { ProblemView } from "../parts/ProblemView.tsx";
import { Mark } from "./Mark.tsx";
import { texts } from "./texts.ts";

const places = [
  { to: "/", label: texts.nav.home, icon: IconHome },
  { to: "/collections", label: texts.nav.collections, icon: IconDatabase },
  { to: "/keys", label: texts.nav.keys, icon: IconKey },
  { to: "/denials", label: texts.nav.denials, icon: IconShieldX },
  { to: "/backups", label: texts.nav.backups, icon: IconArchive },
  { to: "/server", label: texts.nav.server, icon: IconServer },
] as const;

/** The drawer of narrow screens names itself. */
export function Sidebar({ brand = true }: { readonly brand?: boolean }) {
  return (
    <div className="sidebar">
      {brand ? (
        <Link to="/" className="sidebar-brand">
          <Mark />
          {texts.product}
        </Link>
      ) : null}
      <nav aria-label={texts.nav.label}>
        {places.map(({ to, label, icon: Icon }) => (
          <Link key={to} to={to} className="nav-item" activeOptions={{ exact: true }}>
            <Icon size={16} stroke={1.75} aria-hidden />
            {label}
          </Link>
        ))}
      </nav>
      <CollectionList />
    </div>
  );
}

function CollectionList() {
  const { data, error, isPending } = useQuery(collectionsQuery);
  const [query, setQuery] = useState("");
  const [pins, setPins] = useLocalStorage<readonly string[]>({ key: "landfall.pins", defaultValue: [] });
  const toggle = (name: string) =>
    setPins((kept) => (kept.includes(name) ? kept.filter((pin) => pin !== name) : [...kept, name]));

  const names = (data ?? []).map(({ name }) => name);
  const matching = names.filter((name) => name.toLowerCase().includes(query.toLowerCase()));
  const pinned = matching.filter((name) => pins.includes(name));
  const others = matching.filter((name) => !pins.includes(name));
  return (
    <nav className="sidebar-collections" aria-label={texts.sidebar.all}>
      <div className="sidebar-tools">
        <TextInput
          aria-label={texts.sidebar.search}
          placeholder={texts.sidebar.search}
          leftSection={<IconSearch size={14} aria-hidden />}
          value={query}
          onChange={(event) => setQuery(event.currentTarget.value)}
          size="xs"
          flex={1}
        />
        <ActionIcon component={Link} to="/new-collection" variant="subtle" size={32} aria-label={texts.sidebar.add}>
          <IconPlus size={16} />
        </ActionIcon>
      </div>
      {isPending ? [0, 1, 2].map((row) => <Skeleton key={row} height={20} my={6} mx={12} w="auto" />) : null}
      {error ? <ProblemView error={error} compact /> : null}
      {data && names.length === 0 ? <p className="sidebar-hint">{texts.sidebar.empty}</p> : null}
      {names.length > 0 && matching.length === 0 ? (
        <p className="sidebar-hint">{texts.sidebar.noMatch(query)}</p>
      ) : null}
      <CollectionLinks title={texts.sidebar.pinned} names={pinned} pinned onToggle={toggle} />
      <CollectionLinks title={texts.sidebar.all} names={others} pinned={false} onToggle={toggle} />
    </nav>
  );
}

interface LinksProps {
  readonly title: string;
  readonly names: readonly string[];
  readonly pinned: boolean;
  readonly onToggle: (name: string) => void;
}

function CollectionLinks({ title, names, pinned, onToggle }: LinksProps) {
  if (names.length === 0) return null;
  const Icon = pinned ? IconPinFilled : IconPin;
  return (
    <>
      <div className="sidebar-title">{title}</div>
      <ul className="sidebar-list">
        {names.map((name) => (
          <li key={name}>
            <Link
              to="/collections/$name/records"
              params={{ name }}
              className="nav-item"
              activeOptions={{ exact: false, includeSearch: false }}
            >
              <span className="ellipsis">{name}</span>
            </Link>
            <ActionIcon
              variant="transparent"
              color="gray"
              size={28}
              className="pin"
              aria-label={pinned ? texts.sidebar.unpin(name) : texts.sidebar.pin(name)}
              onClick={() => onToggle(name)}
            >
              <Icon size={14} />
            </ActionIcon>
          </li>
        ))}
      </ul>
    </>
  );
}
