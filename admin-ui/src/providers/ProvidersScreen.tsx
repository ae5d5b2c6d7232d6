// The providers that people of a collection sign in with: which are set up, adding one, testing it, taking it away.
import { ActionIcon, Button, Menu, Table } from "@mantine/core";
import { IconDots, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api/api.ts";
import { providerPresetsQuery, providersQuery, queryClient } from "../api/queries.ts";
import type { Provider, ProviderPreset } from "../api/types.ts";
import { useCollection } from "../collections/useCollection.ts";
import { ConfirmDialog } from "../parts/ConfirmDialog.tsx";
import { EmptyState } from "../parts/EmptyState.tsx";
import { ProblemView } from "../parts/ProblemView.tsx";
import { RowsSkeleton } from "../parts/Skeletons.tsx";
import { toastDone } from "../parts/toasts.tsx";
import { ProviderDrawer } from "./ProviderDrawer.tsx";
import { ProviderTestDialog } from "./ProviderTestDialog.tsx";
import { texts } from "./texts.ts";

type Open = { readonly kind: "new" } | { readonly kind: "change" | "remove" | "test"; readonly provider: Provider };

export function ProvidersScreen() {
  const collection = useCollection();
  const providers = useQuery(providersQuery(collection.name));
  const presets = useQuery(providerPresetsQuery);
  const [open, setOpen] = useState<Open>();
  const close = () => setOpen(undefined);
  const changed = () => queryClient.invalidateQueries({ queryKey: ["providers", collection.name] });
  const error = providers.error ?? presets.error;
  if (error) return <div className="screen"><ProblemView error={error} onRetry={() => void Promise.all([providers.refetch(), presets.refetch()])} /></div>; // biome-ignore format: one line
  if (!providers.data || !presets.data) return <div className="screen"><RowsSkeleton rows={3} /></div>; // biome-ignore format: one line
  const { items } = providers.data;
  const add = (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setOpen({ kind: "new" })}>
      {texts.add}
    </Button>
  );
  return (
    <div className="screen">
      <div className="screen-head">
        <h2>{texts.title}</h2>
        {items.length > 0 ? add : null}
      </div>
      <p className="quiet">{texts.intro}</p>
      {items.length === 0 ? (
        <EmptyState level={2} title={texts.emptyTitle} body={texts.emptyBody}>
          {add}
        </EmptyState>
      ) : (
        <ProviderTable providers={items} presets={presets.data} onOpen={setOpen} />
      )}
      {open?.kind === "new" || open?.kind === "change" ? (
        <ProviderDrawer
          collection={collection}
          presets={presets.data}
          taken={items.map(({ name }) => name)}
          known={open.kind === "change" ? open.provider : undefined}
          onSaved={async (provider) => {
            await changed();
            toastDone(texts.saved(provider.name));
            setOpen({ kind: "test", provider });
          }}
          onClose={close}
        />
      ) : null}
      {open?.kind === "test" ? (
        <ProviderTestDialog collection={collection.name} name={open.provider.name} onClose={close} />
      ) : null}
      {open?.kind === "remove" ? (
        <ConfirmDialog
          title={texts.removeTitle(open.provider.name)}
          action={texts.remove}
          onConfirm={async () => {
            await api.providers.remove(collection.name, open.provider.name);
            await changed();
            toastDone(texts.removed(open.provider.name));
          }}
          onClose={close}
        >
          <p>{texts.removeBody}</p>
        </ConfirmDialog>
      ) : null}
    </div>
  );
}

interface ProviderTableProps {
  readonly providers: readonly Provider[];
  readonly presets: readonly ProviderPreset[];
  readonly onOpen: (open: Open) => void;
}

function ProviderTable({ providers, presets, onOpen }: ProviderTableProps) {
  const labelOf = (provider: Provider) =>
    provider.label ?? presets.find(({ name }) => name === provider.preset)?.label ?? provider.preset;
  return (
    <Table.ScrollContainer minWidth={560} type="native">
      <Table verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            {Object.values(texts.columns).map((title) => (
              <Table.Th key={title}>{title}</Table.Th>
            ))}
            <Table.Td className="sticky-end" />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {providers.map((provider) => (
            <Table.Tr key={provider.name}>
              <Table.Td>{labelOf(provider)}</Table.Td>
              <Table.Td className="mono">{provider.name}</Table.Td>
              <Table.Td className="mono broken">{provider.clientId}</Table.Td>
              <Table.Td>{provider.enabled ? texts.on : <span className="quiet">{texts.off}</span>}</Table.Td>
              <Table.Td ta="right" className="sticky-end">
                <ProviderMenu provider={provider} onOpen={onOpen} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function ProviderMenu({ provider, onOpen }: { readonly provider: Provider; readonly onOpen: (open: Open) => void }) {
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size={32} aria-label={texts.more(provider.name)}>
          <IconDots size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => onOpen({ kind: "test", provider })}>{texts.test}</Menu.Item>
        <Menu.Item onClick={() => onOpen({ kind: "change", provider })}>{texts.change}</Menu.Item>
        <Menu.Item color="red" onClick={() => onOpen({ kind: "remove", provider })}>
          {texts.remove}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
