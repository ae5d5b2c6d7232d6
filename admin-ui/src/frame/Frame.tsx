// The frame every signed-in screen stands in: sidebar, header, content. Below 900 px the sidebar becomes a drawer.
import { Drawer } from "@mantine/core";
import { useDisclosure, useMediaQuery, useNetwork } from "@mantine/hooks";
import { Outlet, useLocation } from "@tanstack/react-router";
import { useEffect } from "react";
import { useLayer } from "../parts/useLayer.ts";
import { CommandPalette } from "./CommandPalette.tsx";
import { Header } from "./Header.tsx";
import { Mark } from "./Mark.tsx";
import { ShortcutsHelp } from "./ShortcutsHelp.tsx";
import { Sidebar } from "./Sidebar.tsx";
import { texts } from "./texts.ts";
import { useShortcuts } from "./useShortcuts.ts";

const drawerTitle = (
  <span className="sidebar-brand">
    <Mark />
    {texts.product}
  </span>
);

export function Frame() {
  const narrow = useMediaQuery("(max-width: 899px)", window.matchMedia("(max-width: 899px)").matches);
  const [navOpen, nav] = useDisclosure(false);
  const [paletteOpen, palette] = useDisclosure(false);
  const [helpOpen, help] = useDisclosure(false);
  const { pathname } = useLocation();
  const { online } = useNetwork();
  useLayer(nav.close, navOpen);
  useShortcuts({ openPalette: palette.open, openHelp: help.open });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the drawer closes when the address changes
  useEffect(() => nav.close(), [pathname]);

  return (
    <div className="frame">
      <a className="skip" href="#content">
        {texts.skip}
      </a>
      {narrow ? (
        <Drawer opened={navOpen} onClose={nav.close} size={280} title={drawerTitle} zIndex={300} className="nav-drawer">
          <Sidebar brand={false} />
        </Drawer>
      ) : (
        <aside className="frame-side">
          <Sidebar />
        </aside>
      )}
      <div className="frame-main">
        <Header onOpenNav={narrow ? nav.open : undefined} onOpenPalette={palette.open} onOpenHelp={help.open} />
        {online ? null : (
          <div className="banner" role="status">
            {texts.offline}
          </div>
        )}
        <main id="content" className="frame-content" tabIndex={-1}>
          <Outlet />
        </main>
      </div>
      <CommandPalette opened={paletteOpen} onClose={palette.close} onOpenHelp={help.open} />
      <ShortcutsHelp opened={helpOpen} onClose={help.close} />
    </div>
  );
}
