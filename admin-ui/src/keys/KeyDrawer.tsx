// The form of an API key, new or known: its scope by collection and action, its end, and the user it may act as.
import { Button, Checkbox, Drawer, Select, Stack, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api } from "../api/api.ts";
import type { ApiKey, KeyExtra, KeyInput, NewApiKey } from "../api/types.ts";
import { ProblemView } from "../parts/ProblemView.tsx";
import { useLayer } from "../parts/useLayer.ts";
import { KeyScopes } from "./KeyScopes.tsx";
import { KeyUser } from "./KeyUser.tsx";
import { draftOf, type Expiry, inputOf, isComplete, newKey, nobodyYet } from "./key-draft.ts";
import { texts } from "./texts.ts";

const words = texts.form;
const extras = Object.keys(words.extras) as KeyExtra[];

interface KeyDrawerProps {
  /** The key to change; without it a new one is made. */
  readonly known?: ApiKey | undefined;
  readonly onMade: (key: NewApiKey) => Promise<void>;
  readonly onChanged: (key: ApiKey) => Promise<void>;
  readonly onClose: () => void;
}

export function KeyDrawer({ known, onMade, onChanged, onClose }: KeyDrawerProps) {
  const [draft, setDraft] = useState(() => (known ? draftOf(known) : newKey));
  const set = (change: Partial<typeof draft>) => setDraft({ ...draft, ...change });
  const save = useMutation({
    mutationFn: async () => {
      const input = inputOf(draft, Date.now());
      if (known) await onChanged(await api.keys.update(known.id, input));
      else await onMade(await api.keys.create(input as KeyInput));
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  useLayer(onClose);
  return (
    <Drawer opened onClose={onClose} position="right" size={480} title={known ? words.change(known.name) : words.title}>
      <form onSubmit={submit}>
        <Stack gap="md">
          <TextInput
            label={words.name}
            description={words.nameHint}
            value={draft.name}
            onChange={(event) => set({ name: event.currentTarget.value })}
            data-autofocus
            required
            maxLength={100}
          />
          <KeyScopes scopes={draft.scopes} onChange={(scopes) => set({ scopes })} />
          <Checkbox
            label={words.readOnly}
            checked={draft.readOnly}
            onChange={(event) => set({ readOnly: event.currentTarget.checked })}
          />
          <Checkbox.Group
            label={words.extra}
            value={[...draft.extra]}
            onChange={(value) => set({ extra: value as KeyExtra[] })}
          >
            <Stack gap={8} mt={4}>
              {extras.map((one) => (
                <Checkbox key={one} value={one} label={words.extras[one]} />
              ))}
            </Stack>
          </Checkbox.Group>
          <Select
            label={words.expires}
            data={expiries(known)}
            value={draft.expiry}
            onChange={(value) => value && set({ expiry: value as Expiry })}
            allowDeselect={false}
          />
          <Checkbox
            label={words.actAs}
            description={words.actAsHint}
            checked={draft.user !== null}
            onChange={(event) => set({ user: event.currentTarget.checked ? nobodyYet : null })}
          />
          {draft.user ? <KeyUser user={draft.user} onChange={(user) => set({ user })} /> : null}
          {save.error ? <ProblemView error={save.error} /> : null}
          <Button type="submit" loading={save.isPending} disabled={!isComplete(draft)}>
            {known ? words.save : words.submit}
          </Button>
        </Stack>
      </form>
    </Drawer>
  );
}

function expiries(known: ApiKey | undefined): { value: Expiry; label: string }[] {
  // Numbers come first in an object's keys; a list keeps "never" at the end.
  const choices = (["7", "30", "90", "365", "none"] as const).map((value) => ({ value, label: words.expiry[value] }));
  if (!known) return choices;
  const until = known.expiresAt === null ? words.expiry.none : new Date(known.expiresAt).toLocaleString("en");
  return [{ value: "kept", label: words.kept(until) }, ...choices];
}
