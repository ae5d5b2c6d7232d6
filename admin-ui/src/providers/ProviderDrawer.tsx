// The form of a provider, new or known: what to do at it, and what it gives to be entered here.
import {
  Button,
  Drawer,
  Group,
  PasswordInput,
  Select,
  Stack,
  Switch,
  TagsInput,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api } from "../api/api.ts";
import { serverQuery } from "../api/queries.ts";
import type { Collection, Provider, ProviderPreset } from "../api/types.ts";
import { ProblemView } from "../parts/ProblemView.tsx";
import { useLayer } from "../parts/useLayer.ts";
import { ProviderFields } from "./ProviderFields.tsx";
import { ProviderSteps } from "./ProviderSteps.tsx";
import { draftOf, inputOf, isComplete, isName, newProvider, type ProviderDraft } from "./provider-draft.ts";
import { texts } from "./texts.ts";

const words = texts.form;

interface ProviderDrawerProps {
  readonly collection: Collection;
  readonly presets: readonly ProviderPreset[];
  /** Names that are another one's. */
  readonly taken: readonly string[];
  /** The provider to change; without it a new one is made. */
  readonly known?: Provider | undefined;
  readonly onSaved: (provider: Provider) => Promise<void>;
  readonly onClose: () => void;
}

export function ProviderDrawer({ collection, presets, taken, known, onSaved, onClose }: ProviderDrawerProps) {
  const [draft, setDraft] = useState(() => (known ? draftOf(known) : firstFree(presets, taken)));
  const set = (change: Partial<ProviderDraft>) => setDraft({ ...draft, ...change });
  const { data: server } = useQuery(serverQuery);
  const preset = presets.find(({ name }) => name === draft.preset) as ProviderPreset;
  const isTaken = !known && taken.includes(draft.name);
  const save = useMutation({
    mutationFn: async () => onSaved(await api.providers.put(collection.name, draft.name, inputOf(draft, preset))),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  useLayer(onClose);
  const redirectUrl = `${server?.publicUrl.replace(/\/$/, "") ?? ""}/v1/auth/oauth/${draft.name}/callback`;
  return (
    <Drawer opened onClose={onClose} position="right" size={520} title={known ? words.change(known.name) : words.title}>
      <form onSubmit={submit}>
        <Stack gap="md">
          {known ? null : (
            <>
              <Select
                label={words.preset}
                data={presets.map(({ name, label }) => ({ value: name, label }))}
                value={draft.preset}
                onChange={(name) => name && set({ preset: name, name, issuer: "" })}
                allowDeselect={false}
                searchable
              />
              <TextInput
                label={words.name}
                description={words.nameHint}
                value={draft.name}
                onChange={(event) => set({ name: event.currentTarget.value.trim() })}
                error={isTaken ? words.nameTaken : isName(draft.name) ? undefined : words.nameBad}
                spellCheck={false}
                autoComplete="off"
              />
            </>
          )}
          <ProviderSteps preset={preset} redirectUrl={known?.redirectUrl ?? redirectUrl} />
          <ClientInputs draft={draft} preset={preset} known={known} onChange={set} />
          <TextInput
            label={words.label}
            placeholder={preset.label}
            value={draft.label}
            onChange={(event) => set({ label: event.currentTarget.value })}
            maxLength={50}
          />
          {preset.idTokens ? (
            <TagsInput
              label={words.audiences}
              description={words.audiencesHint}
              value={[...draft.audiences]}
              onChange={(audiences) => set({ audiences })}
            />
          ) : null}
          <ProviderFields collection={collection} fields={draft.fields} onChange={(fields) => set({ fields })} />
          <Switch
            label={words.enabled}
            checked={draft.enabled}
            onChange={(event) => set({ enabled: event.currentTarget.checked })}
          />
          {save.error ? <ProblemView error={save.error} /> : null}
          <Button type="submit" loading={save.isPending} disabled={isTaken || !isComplete(draft, preset, known)}>
            {known ? words.save : words.submit}
          </Button>
        </Stack>
      </form>
    </Drawer>
  );
}

/** The first preset whose own name is free; a second Google gets another name. */
function firstFree(presets: readonly ProviderPreset[], taken: readonly string[]): ProviderDraft {
  const free = presets.find(({ name }) => !taken.includes(name)) ?? presets[0];
  return newProvider(free?.name ?? "");
}

interface ClientInputsProps {
  readonly draft: ProviderDraft;
  readonly preset: ProviderPreset;
  readonly known: Provider | undefined;
  readonly onChange: (change: Partial<ProviderDraft>) => void;
}

function ClientInputs({ draft, preset, known, onChange }: ClientInputsProps) {
  const text = (member: "clientId" | "issuer" | "teamId" | "keyId") => ({
    value: draft[member],
    onChange: (event: { currentTarget: { value: string } }) => onChange({ [member]: event.currentTarget.value.trim() }),
    spellCheck: false,
    autoComplete: "off",
  });
  const secret = {
    value: draft.clientSecret,
    onChange: (event: { currentTarget: { value: string } }) => onChange({ clientSecret: event.currentTarget.value }),
    required: !known,
    autoComplete: "off",
  };
  return (
    <>
      {preset.issuer === "fixed" ? null : (
        <TextInput
          label={words.issuer}
          description={words.issuerHint}
          required={preset.issuer === "required"}
          {...text("issuer")}
        />
      )}
      <TextInput label={words.clientId} required {...text("clientId")} />
      {preset.keyFile ? (
        <>
          <Group grow>
            <TextInput label={words.teamId} required maxLength={10} {...text("teamId")} />
            <TextInput label={words.keyId} required maxLength={10} {...text("keyId")} />
          </Group>
          <Textarea
            label={words.keyFile}
            description={known ? words.secretKept : words.keyFileHint}
            rows={4}
            spellCheck={false}
            {...secret}
          />
        </>
      ) : (
        <PasswordInput label={words.secret} description={known ? words.secretKept : undefined} {...secret} />
      )}
    </>
  );
}
