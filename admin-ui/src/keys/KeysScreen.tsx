// API keys: what each may do, making one, giving it a new secret, revoking it.
import { ActionIcon, Button, Menu, Table } from "@mantine/core";
import { IconDots, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api/api.ts";
import { keysQuery, queryClient } from "../api/queries.ts";
import type { ApiKey } from "../api/types.ts";
import { ConfirmDialog } from "../parts/ConfirmDialog.tsx";
import { EmptyState } from "../parts/EmptyState.tsx";
import { ProblemView } from "../parts/ProblemView.tsx";
import { RowsSkeleton } from "../parts/Skeletons.tsx";
import { toastDone } from "../parts/toasts.tsx";
import { When } from "../parts/When.tsx";
import { KeyDrawer } from "./KeyDrawer.tsx";
import { SecretDialog } from "./SecretDialog.tsx";
import { scopeText } from "./scope-text.ts";
import { texts } from "./texts.ts";

type Open = { readonly kind: "new" } | { readonly kind: "change" | "rotate" | "revoke"; readonly key: ApiKey };

export function KeysScreen() {
  const { data, error, isPending, refetch } = useQuery(keysQuery);
  const [open, setOpen] = useState<Open>();
  const [secret, setSecret] = useState<string>();
  const close = () => setOpen(undefined);
  const changed = () => queryClient.invalidateQueries({ queryKey: ["keys"] });
  const add = (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setOpen({ kind: "new" })}>
      {texts.add}
    </Button>
  );
  return (
    <div className="screen">
      <div className="screen-head">
        <h1>{texts.title}</h1>
        {data && data.items.length > 0 ? add : null}
      </div>
      <p className="quiet">{texts.intro}</p>
      {isPending ? <RowsSkeleton rows={4} /> : null}
      {error ? <ProblemView error={error} onRetry={() => void refetch()} /> : null}
      {data?.items.length === 0 ? (
        <EmptyState
          title={texts.emptyTitle}
          body={texts.emptyBody}
          example={`curl ${location.origin}/v1/collections/posts/records \\\n  -H "Authorization: Bearer lf_key_…"`}
        >
          {add}
        </EmptyState>
      ) : null}
      {data && data.items.length > 0 ? <KeyTable keys={data.items} onOpen={setOpen} /> : null}
      {open?.kind === "new" || open?.kind === "change" ? (
        <KeyDrawer
          known={open.kind === "change" ? open.key : undefined}
          onClose={close}
          onMade={async (made) => {
            close();
            setSecret(made.secret);
            await changed();
          }}
          onChanged={async (key) => {
            close();
            toastDone(texts.changed(key.name));
            await changed();
          }}
        />
      ) : null}
      {open?.kind === "rotate" ? (
        <ConfirmDialog
          title={texts.rotateTitle(open.key.name)}
          action={texts.rotate}
          onConfirm={async () => {
            setSecret((await api.keys.rotate(open.key.id)).secret);
            await changed();
          }}
          onClose={close}
        >
          <p>{texts.rotateBody}</p>
        </ConfirmDialog>
      ) : null}
      {open?.kind === "revoke" ? (
        <ConfirmDialog
          title={texts.revokeTitle(open.key.name)}
          action={texts.revoke}
          onConfirm={async () => {
            await api.keys.revoke(open.key.id);
            await changed();
            toastDone(texts.revoked(open.key.name));
          }}
          onClose={close}
        >
          <p>{texts.revokeBody}</p>
        </ConfirmDialog>
      ) : null}
      {secret ? <SecretDialog secret={secret} onClose={() => setSecret(undefined)} /> : null}
    </div>
  );
}

function KeyTable({ keys, onOpen }: { readonly keys: readonly ApiKey[]; readonly onOpen: (open: Open) => void }) {
  return (
    <Table.ScrollContainer minWidth={760} type="native">
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
          {keys.map((key) => (
            <Table.Tr key={key.id}>
              <Table.Td>{key.name}</Table.Td>
              <Table.Td className="mono unbroken">
                {key.prefix}…{key.last4}
              </Table.Td>
              <Table.Td>{scopeText(key)}</Table.Td>
              <Table.Td className="mono">{key.actAs?.id}</Table.Td>
              <Table.Td>
                {key.expiresAt === null ? (
                  <span className="quiet">{texts.noExpiry}</span>
                ) : Date.parse(key.expiresAt) < Date.now() ? (
                  <span className="loss">{texts.expired}</span>
                ) : (
                  <When at={key.expiresAt} />
                )}
              </Table.Td>
              <Table.Td>
                {key.lastUsedAt ? <When at={key.lastUsedAt} /> : <span className="quiet">{texts.never}</span>}
              </Table.Td>
              <Table.Td ta="right" className="sticky-end">
                <Menu position="bottom-end">
                  <Menu.Target>
                    <ActionIcon variant="subtle" color="gray" size={32} aria-label={texts.more(key.name)}>
                      <IconDots size={16} />
                    </ActionIcon>
                  </Menu.Target>
                  <Menu.Dropdown>
                    <Menu.Item onClick={() => onOpen({ kind: "change", key })}>{texts.change}</Menu.Item>
                    <Menu.Item onClick={() => onOpen({ kind: "rotate", key })}>{texts.rotate}</Menu.Item>
                    <Menu.Item color="red" onClick={() => onOpen({ kind: "revoke", key })}>
                      {texts.revoke}
                    </Menu.Item>
                  </Menu.Dropdown>
                </Menu>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
