// The schema form: fields and indexes as a draft, applied in one step after every change has been shown.
import { Button, Checkbox } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useBlocker } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "../api/api.ts";
import { collectionsQuery, definitionChanged } from "../api/queries.ts";
import { useSaveKey } from "../frame/useSaveKey.ts";
import { toastDone } from "../parts/toasts.tsx";
import { DiffDialog } from "./DiffDialog.tsx";
import { diffDefinition } from "./definition-diff.ts";
import { type Draft, draftOf, hasFaults, scopeOf, systemFields } from "./definition-draft.ts";
import { definitionPatch } from "./definition-patch.ts";
import { FieldList } from "./FieldList.tsx";
import { IndexList } from "./IndexList.tsx";
import { texts } from "./texts.ts";
import { useCollection } from "./useCollection.ts";

export function SchemaScreen() {
  const collection = useCollection();
  const { data: all = [] } = useQuery(collectionsQuery);
  const [draft, setDraft] = useState<Draft>(() => draftOf(collection));
  const [reviewing, setReviewing] = useState(false);
  const changes = diffDefinition(collection, draft);
  const dirty = changes.length > 0;
  const incomplete = hasFaults(draft.fields) || draft.indexes.some(({ fields }) => fields.length === 0);
  useBlocker({
    shouldBlockFn: () => dirty && !window.confirm(texts.schema.leave),
    enableBeforeUnload: () => dirty,
  });

  const ready = dirty && !incomplete;
  useSaveKey(() => ready && setReviewing(true));

  return (
    <div className="screen">
      <h2 className="section-title">{texts.schema.title}</h2>
      <FieldList
        fields={draft.fields}
        scope={scopeOf(collection, draft.fields, all)}
        onChange={(fields) => setDraft({ ...draft, fields })}
      />
      <IndexList
        indexes={draft.indexes}
        fieldNames={[...systemFields, ...draft.fields.map(({ name }) => name).filter(Boolean)]}
        onChange={(indexes) => setDraft({ ...draft, indexes })}
      />
      <Checkbox
        className="section"
        label={texts.schema.precondition}
        checked={draft.preconditionRequired}
        onChange={(event) => setDraft({ ...draft, preconditionRequired: event.currentTarget.checked })}
      />
      <div className="save-bar">
        <Button disabled={!ready} onClick={() => setReviewing(true)}>
          {texts.schema.review}
        </Button>
        <Button variant="default" disabled={!dirty} onClick={() => setDraft(draftOf(collection))}>
          {texts.schema.discard}
        </Button>
        <span className="quiet" role="status">
          {dirty ? texts.schema.dirty(changes.length) : texts.schema.clean}
        </span>
      </div>
      {reviewing ? (
        <DiffDialog
          changes={changes}
          apply={async (confirm) => {
            const saved = await api.collections.update(collection.name, definitionPatch(collection, draft), confirm);
            await definitionChanged(collection.name);
            setDraft(draftOf(saved));
          }}
          onApplied={() => {
            setReviewing(false);
            toastDone(texts.schema.saved);
          }}
          onClose={() => setReviewing(false)}
        />
      ) : null}
    </div>
  );
}
