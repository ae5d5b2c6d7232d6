// The form of one record: inputs by type, the draft it keeps, saving, deleting, and settling a conflict.
import { Button, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useEffect, useMemo, useState } from "react";
import { api } from "../api/api.ts";
import { type Answer, ApiProblem } from "../api/http.ts";
import { queryClient } from "../api/queries.ts";
import type { Collection, Row } from "../api/types.ts";
import { useSaveKey } from "../frame/useSaveKey.ts";
import { ConfirmDialog } from "../parts/ConfirmDialog.tsx";
import { CopyButton } from "../parts/CopyButton.tsx";
import { ProblemView } from "../parts/ProblemView.tsx";
import { toastDone } from "../parts/toasts.tsx";
import { When } from "../parts/When.tsx";
import { pointingHere, restoreRecords, settable } from "./bulk.ts";
import { ConflictDialog } from "./ConflictDialog.tsx";
import { keepDraft, keptDraft } from "./drafts.ts";
import { FieldInput } from "./FieldInput.tsx";
import { type Change, changesIn, type Form, formOf, patchBody, same } from "./record-form.ts";
import { texts } from "./texts.ts";

interface RecordFormProps {
  readonly collection: Collection;
  readonly all: readonly Collection[];
  readonly stored: Answer<Row> | undefined;
  readonly onDirty: (dirty: boolean) => void;
  readonly onSaved: () => void;
  /** Reads the record again. */
  readonly onRead: () => void;
}

const words = texts.drawer;

export function RecordForm({ collection, all, stored, onDirty, onSaved, onRead }: RecordFormProps) {
  const fields = useMemo(() => collection.fields.filter(({ type }) => type !== "autodate"), [collection]);
  const id = stored?.data.id;
  const before = useMemo(() => formOf(fields, stored?.data), [fields, stored]);
  const [restored, setRestored] = useState(() => keptDraft(collection.name, id) !== undefined);
  const [form, setForm] = useState<Form>(() => ({ ...before, ...keptDraft(collection.name, id) }));
  const [newId, setNewId] = useState("");
  const [removing, setRemoving] = useState(false);
  const { change, faults } = changesIn(fields, before, form);
  const dirty = !same(before, form) || newId !== "";

  useEffect(() => onDirty(dirty), [dirty, onDirty]);
  useEffect(() => keepDraft(collection.name, id, same(before, form) ? null : form), [collection, id, before, form]);

  const save = useMutation({
    mutationFn: (settled?: { change: Change; etag: string | undefined }) =>
      write(collection, stored, settled?.change ?? change, { newId, etag: settled?.etag ?? stored?.etag }),
    onSuccess: async () => {
      keepDraft(collection.name, id, null);
      onDirty(false);
      await queryClient.invalidateQueries({ queryKey: ["records", collection.name] });
      toastDone(id === undefined ? words.created : words.saved);
      onSaved();
    },
  });
  const conflict = save.error instanceof ApiProblem && save.error.status === 412;
  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    if (Object.keys(faults).length === 0 && !save.isPending) save.mutate(undefined);
  };
  useSaveKey(submit);
  const discard = () => {
    setForm(before);
    setRestored(false);
  };
  return (
    <form ref={focusFirst} className="drawer-form" onSubmit={submit} noValidate>
      {restored && dirty ? (
        <div role="status" className="banner">
          {words.restored}{" "}
          <Button size="compact-sm" variant="subtle" onClick={discard}>
            {words.discard}
          </Button>
        </div>
      ) : null}
      {fields.map((field) => (
        <FieldInput
          key={field.name}
          field={field}
          all={all}
          value={form[field.name]}
          fault={faults[field.name] ?? serverFault(save.error, field.name)}
          onChange={(value) => setForm((kept) => ({ ...kept, [field.name]: value }))}
        />
      ))}
      {stored ? (
        <Details row={stored.data} />
      ) : (
        <TextInput
          label={words.id}
          description={words.idHint}
          value={newId}
          onChange={(event) => setNewId(event.currentTarget.value.trim())}
          spellCheck={false}
          autoComplete="off"
        />
      )}
      {save.error && !conflict ? <ProblemView error={save.error} /> : null}
      <div className="drawer-foot">
        <Button type="submit" loading={save.isPending} disabled={(stored && !dirty) || Object.keys(faults).length > 0}>
          {stored ? words.save : words.create_}
        </Button>
        <span className="quiet grow" role="status">
          {dirty ? words.unsaved : stored ? words.clean : ""}
        </span>
        {stored ? <CopyButton value={JSON.stringify(stored.data, null, 2)} label={texts.copyJson} /> : null}
        {stored ? (
          <Button variant="outline" color="red" onClick={() => setRemoving(true)}>
            {words.remove}
          </Button>
        ) : null}
      </div>
      {conflict && stored ? (
        <ConflictDialog
          collection={collection}
          id={stored.data.id}
          before={stored.data}
          change={change}
          onSettled={(settled, etag) => save.mutateAsync({ change: settled, etag })}
          onTheirs={() => {
            keepDraft(collection.name, id, null);
            onRead();
          }}
          onClose={() => save.reset()}
        />
      ) : null}
      {removing && stored ? (
        <RemoveDialog
          collection={collection}
          all={all}
          stored={stored}
          onRemoved={onSaved}
          onClose={() => setRemoving(false)}
        />
      ) : null}
    </form>
  );
}

/** Typing may begin at once; but a list would open over the form, and on touch the screen's keyboard would. */
function focusFirst(form: HTMLFormElement | null): void {
  if (!form || matchMedia("(pointer: coarse)").matches) return;
  const first = form.querySelector<HTMLInputElement | HTMLTextAreaElement>(
    "textarea, input:not([type=hidden], [aria-haspopup])",
  );
  // The drawer looks for this mark once it has opened.
  first?.setAttribute("data-autofocus", "");
  first?.focus();
  // A textarea would begin before its text; dates have no such place.
  if (first && first.type !== "date") first.setSelectionRange(first.value.length, first.value.length);
}

async function write(
  collection: Collection,
  stored: Answer<Row> | undefined,
  change: Change,
  { newId, etag }: { readonly newId: string; readonly etag: string | undefined },
): Promise<void> {
  if (!stored) {
    await api.records.create(collection.name, { ...(newId ? { id: newId } : {}), ...change });
    return;
  }
  const { id } = stored.data;
  const patch = patchBody(collection.fields, stored.data, change);
  if (patch) await api.records.update(collection.name, id, patch, etag);
  else await api.records.replace(collection.name, id, { ...settable(collection, stored.data), ...change }, etag);
}

/** The server names the field it refuses by JSON Pointer. */
function serverFault(error: unknown, field: string): string | undefined {
  if (!(error instanceof ApiProblem)) return undefined;
  return error.issues.find(({ path }) => path === `/${field}` || path.startsWith(`/${field}/`))?.message;
}

function Details({ row }: { readonly row: Row }) {
  return (
    <dl className="details quiet num">
      {row.createdAt ? (
        <>
          <dt>createdAt</dt>
          <dd>
            <When at={row.createdAt} />
          </dd>
        </>
      ) : null}
      {row.updatedAt ? (
        <>
          <dt>updatedAt</dt>
          <dd>
            <When at={row.updatedAt} />
          </dd>
        </>
      ) : null}
      <dt>version</dt>
      <dd>{row.version}</dd>
    </dl>
  );
}

interface RemoveDialogProps {
  readonly collection: Collection;
  readonly all: readonly Collection[];
  readonly stored: Answer<Row>;
  readonly onRemoved: () => void;
  readonly onClose: () => void;
}

function RemoveDialog({ collection, all, stored, onRemoved, onClose }: RemoveDialogProps) {
  const reached = pointingHere(collection, all);
  const remove = async () => {
    await api.records.remove(collection.name, stored.data.id, stored.etag);
    await queryClient.invalidateQueries({ queryKey: ["records", collection.name] });
    toastDone(texts.removed(1), reached.length > 0 ? undefined : () => restoreRecords(collection, [stored.data]));
    onRemoved();
  };
  return (
    <ConfirmDialog title={texts.remove(1)} action={texts.remove(1)} onConfirm={remove} onClose={onClose}>
      <p>{reached.length > 0 ? texts.removeReach(reached) : null}</p>
      <p className="mono">{stored.data.id}</p>
    </ConfirmDialog>
  );
}
