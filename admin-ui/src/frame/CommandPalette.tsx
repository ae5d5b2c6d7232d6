// Everything by name: collections and commands in one list, driven from the keyboard (Ctrl K).
import { Modal, TextInput, useMantineColorScheme } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useId, useState } from "react";
import { collectionsQuery } from "../api/queries.ts";
import { useLayer } from "../parts/useLayer.ts";
import { rank } from "./rank.ts";
import { docsUrl, referenceUrl, texts } from "./texts.ts";

interface Entry {
  readonly label: string;
  readonly kind: string;
  readonly run: () => void;
}

interface PaletteProps {
  readonly opened: boolean;
  readonly onClose: () => void;
  readonly onOpenHelp: () => void;
}

export function CommandPalette({ opened, onClose, onOpenHelp }: PaletteProps) {
  useLayer(onClose, opened);
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      withCloseButton={false}
      padding={0}
      centered={false}
      yOffset="10vh"
      attributes={{ content: { "aria-label": texts.palette.title } }}
    >
      <PaletteBody onClose={onClose} onOpenHelp={onOpenHelp} />
    </Modal>
  );
}

function useEntries(onOpenHelp: () => void): readonly Entry[] {
  const navigate = useNavigate();
  const { setColorScheme } = useMantineColorScheme();
  const { data = [] } = useQuery(collectionsQuery);
  const command = (label: string, run: () => void): Entry => ({ label, kind: texts.palette.command, run });
  return [
    ...data.map(
      ({ name }): Entry => ({
        label: name,
        kind: texts.palette.collection,
        run: () => void navigate({ to: "/collections/$name/records", params: { name } }),
      }),
    ),
    command(texts.sidebar.add, () => void navigate({ to: "/new-collection" })),
    command(texts.nav.home, () => void navigate({ to: "/" })),
    command(texts.nav.collections, () => void navigate({ to: "/collections" })),
    command(texts.nav.keys, () => void navigate({ to: "/keys" })),
    command(texts.nav.denials, () => void navigate({ to: "/denials" })),
    command(texts.nav.backups, () => void navigate({ to: "/backups" })),
    command(texts.nav.server, () => void navigate({ to: "/server" })),
    ...(["light", "dark", "auto"] as const).map((scheme) =>
      command(`${texts.header.theme}: ${texts.header.themes[scheme]}`, () => setColorScheme(scheme)),
    ),
    command(texts.header.shortcuts, onOpenHelp),
    command(texts.header.docs, () => window.open(docsUrl, "_blank", "noopener")),
    command(texts.header.reference, () => window.open(referenceUrl, "_blank", "noopener")),
  ];
}

function PaletteBody({ onClose, onOpenHelp }: Omit<PaletteProps, "opened">) {
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const id = useId();
  const found = rank(useEntries(onOpenHelp), query, ({ label }) => label).slice(0, 12);

  const choose = (entry: Entry | undefined) => {
    if (!entry) return;
    onClose();
    entry.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const steps: { [key: string]: number } = { ArrowDown: 1, ArrowUp: -1 };
    const step = steps[event.key];
    if (step && found.length > 0) {
      event.preventDefault();
      setAt((at + step + found.length) % found.length);
    } else if (event.key === "Enter") choose(found[at]);
  };
  return (
    <>
      <TextInput
        data-autofocus
        role="combobox"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={found[at] ? `${id}-${at}` : undefined}
        aria-label={texts.palette.title}
        placeholder={texts.palette.placeholder}
        size="md"
        variant="unstyled"
        className="palette-input"
        value={query}
        onChange={(event) => {
          setQuery(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div role="listbox" id={`${id}-list`} aria-label={texts.palette.title} className="palette">
        {found.map((entry, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the input above owns the keyboard
          <div
            key={`${entry.kind} ${entry.label}`}
            role="option"
            id={`${id}-${index}`}
            tabIndex={-1}
            aria-selected={index === at}
            className="palette-entry"
            onMouseMove={() => setAt(index)}
            onClick={() => choose(entry)}
          >
            <span className="ellipsis">{entry.label}</span>
            <span className="quiet">{entry.kind}</span>
          </div>
        ))}
        {found.length === 0 ? <p className="sidebar-hint">{texts.palette.nothing}</p> : null}
      </div>
    </>
  );
}
