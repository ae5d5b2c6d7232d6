// What concerns a collection as a whole: its name, and its end.
import { Button, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api, type Confirm } from "../api/api.ts";
import { definitionChanged } from "../api/queries.ts";
import { ConfirmDialog } from "../parts/ConfirmDialog.tsx";
import { ProblemView } from "../parts/ProblemView.tsx";
import { toastDone } from "../parts/toasts.tsx";
import { confirmationIn } from "./confirmation.ts";
import { texts } from "./texts.ts";
import { useCollection } from "./useCollection.ts";

const words = texts.settings;

export function SettingsScreen() {
  const collection = useCollection();
  const navigate = useNavigate();
  const [dropping, setDropping] = useState(false);
  const drop = async () => {
    // The typed name is the confirmation the server would ask for.
    await api.collections.drop(collection.name).catch((error: unknown) => {
      const refused = confirmationIn(error);
      if (!refused) throw error;
      return api.collections.drop(collection.name, refused.confirm);
    });
    await navigate({ to: "/collections" });
    await definitionChanged(collection.name);
    toastDone(words.dropped(collection.name));
  };
  const about =
    collection.estimatedCount === undefined ? texts.list.unknown : texts.list.estimate(collection.estimatedCount);
  return (
    <div className="screen">
      <RenameForm key={collection.name} name={collection.name} />
      <section className="section">
        <h2>{words.dropTitle}</h2>
        <p className="quiet">{words.dropHint}</p>
        <Button mt="sm" color="red" variant="outline" onClick={() => setDropping(true)}>
          {words.drop(collection.name)}
        </Button>
      </section>
      {dropping ? (
        <ConfirmDialog
          title={words.drop(collection.name)}
          action={words.drop(collection.name)}
          typed={collection.name}
          onConfirm={drop}
          onClose={() => setDropping(false)}
        >
          <p>{words.dropBody(about)}</p>
        </ConfirmDialog>
      ) : null}
    </div>
  );
}

function RenameForm({ name }: { readonly name: string }) {
  const navigate = useNavigate();
  const [next, setNext] = useState(name);
  const rename = useMutation({
    mutationFn: async (confirm: Confirm) => api.collections.update(name, { name: next }, confirm),
    onSuccess: async () => {
      await definitionChanged(name);
      await navigate({ to: "/collections/$name/settings", params: { name: next } });
      toastDone(words.renamed(next));
    },
  });
  const refused = confirmationIn(rename.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    rename.mutate(refused?.confirm);
  };
  return (
    <form onSubmit={submit}>
      <h2>{words.renameTitle}</h2>
      <p className="quiet">{words.renameHint}</p>
      <TextInput
        mt="sm"
        maw={400}
        label={words.newName}
        value={next}
        onChange={(event) => {
          setNext(event.currentTarget.value.trim());
          rename.reset();
        }}
        error={/^[a-z][A-Za-z0-9]{0,62}$/.test(next) ? undefined : texts.create.nameBad}
        spellCheck={false}
        autoComplete="off"
      />
      {rename.error ? <ProblemView error={rename.error} /> : null}
      <Button type="submit" mt="sm" variant="default" loading={rename.isPending} disabled={next === name}>
        {refused ? texts.diff.applyAnyway : words.rename}
      </Button>
    </form>
  );
}
