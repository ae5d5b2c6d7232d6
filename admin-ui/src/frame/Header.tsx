// Where one is (breadcrumbs), and what is always at hand: search, colour scheme, help, account.
import { ActionIcon, Kbd, Menu, UnstyledButton, useMantineColorScheme } from "@mantine/core";
import {
  IconBook,
  IconDeviceDesktop,
  IconKeyboard,
  IconMenu2,
  IconMoon,
  IconSearch,
  IconSun,
  IconUser,
} from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useSyncExternalStore } from "react";
import { api } from "../api/api.ts";
import { queryClient } from "../api/queries.ts";
import { session } from "../api/session.ts";
import { Breadcrumbs } from "./Breadcrumbs.tsx";
import { docsUrl, texts } from "./texts.ts";

interface HeaderProps {
  readonly onOpenNav: (() => void) | undefined;
  readonly onOpenPalette: () => void;
  readonly onOpenHelp: () => void;
}

export function Header({ onOpenNav, onOpenPalette, onOpenHelp }: HeaderProps) {
  return (
    <header className="header">
      {onOpenNav ? (
        <ActionIcon variant="subtle" color="gray" size={36} aria-label={texts.sidebar.open} onClick={onOpenNav}>
          <IconMenu2 size={18} />
        </ActionIcon>
      ) : null}
      <Breadcrumbs />
      <UnstyledButton className="header-search" onClick={onOpenPalette}>
        <IconSearch size={14} aria-hidden />
        <span className="wide-text">{texts.header.search}</span>
        <Kbd className="wide-only" size="xs">
          Ctrl K
        </Kbd>
      </UnstyledButton>
      <ActionIcon
        component="a"
        href={docsUrl}
        target="_blank"
        rel="noopener"
        className="wide-only"
        variant="subtle"
        color="gray"
        size={32}
        aria-label={texts.header.docs}
      >
        <IconBook size={18} />
      </ActionIcon>
      <SchemeMenu />
      <ActionIcon
        className="wide-only"
        variant="subtle"
        color="gray"
        size={32}
        aria-label={texts.header.shortcuts}
        onClick={onOpenHelp}
      >
        <IconKeyboard size={18} />
      </ActionIcon>
      <AccountMenu />
    </header>
  );
}

const schemes = [
  ["light", IconSun],
  ["dark", IconMoon],
  ["auto", IconDeviceDesktop],
] as const;

function SchemeMenu() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const Current = schemes.find(([name]) => name === colorScheme)?.[1] ?? IconDeviceDesktop;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size={32} aria-label={texts.header.theme}>
          <Current size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {schemes.map(([name, Icon]) => (
          <Menu.Item key={name} leftSection={<Icon size={16} />} onClick={() => setColorScheme(name)}>
            {texts.header.themes[name]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function AccountMenu() {
  const navigate = useNavigate();
  const current = useSyncExternalStore(session.subscribe, session.current);
  const signOut = async () => {
    // The token is forgotten here even when the server cannot be told.
    await api.admin.signOut().catch(() => undefined);
    session.clear();
    queryClient.clear();
    await navigate({ to: "/sign-in" });
  };
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size={32} aria-label={texts.header.account}>
          <IconUser size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{current?.admin.email}</Menu.Label>
        <Menu.Item onClick={() => void navigate({ to: "/password" })}>{texts.header.password}</Menu.Item>
        <Menu.Item onClick={() => void signOut()}>{texts.header.signOut}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
