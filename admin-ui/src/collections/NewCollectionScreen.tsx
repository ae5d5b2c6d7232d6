// Makes a collection: its name, its first fields, and one of the five ways to begin with rules.
import { Button, Radio, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api } from "../api/api.ts";
import { collectionsQuery, definitionChanged, ruleSetsQuery } from "../api/queries.ts";
import { useSaveKey } from "../frame/useSaveKey.ts";
import { ProblemView } from "../parts/ProblemView.tsx";
import { toastDone } from "../parts/toasts.tsx";
import { type DraftField, fieldOf, hasFaults, newField, scopeOf } from "./definition-draft.ts";
import { FieldList } from "./FieldList.tsx";
import { ownText, rulesOf } from "./starting-rules.ts";
import { texts } from "./texts.ts";

const words = texts.create;
const goodName = /^[a-z][A-Za-z0-9]{0,62}$/;

export function NewCollectionScreen() {
  const navigate = useNavigate();
  const { data: all = [] } = useQuery(collectionsQuery);
  const [name, setName] = useState("");
  const [fields, setFields] = useState<readonly DraftField[]>([newField()]);
  const [set, setSet] = useState("adminsOnly");
  const { data: offers = [], error: offersError } = useQuery(ruleSetsQuery);
  const start = offers.find((offer) => offer.name === set);
  const owner = start?.needs && !fields.some((field) => field.name === start.needs?.name) ? start.needs : undefined;
  const create = useMutation({
    mutationFn: () => {
      const given = fields.filter((field) => field.name !== "").map(fieldOf);
      return api.collections.create({
        name,
        kind: "base",
        fields: owner ? [...given, owner] : given,
        indexes: owner ? [{ fields: [owner.name] }] : [],
        rules: start ? rulesOf(start, undefined) : {},
      });
    },
    onSuccess: async (made) => {
      await definitionChanged(made.name);
      toastDone(words.done(made.name));
      await navigate({
        to: set === ownText ? "/collections/$name/rules" : "/collections/$name/records",
        params: { name: made.name },
      });
    },
  });
  const named = fields.filter((field) => field.name !== "");
  const ready = goodName.test(name) && !hasFaults(named);
  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    if (ready && !create.isPending) create.mutate();
  };
  useSaveKey(submit);
  return (
    <div className="screen">
      <h1>{words.title}</h1>
      <form onSubmit={submit}>
        <TextInput
          mt="md"
          maw={400}
          label={words.name}
          description={words.nameHint}
          value={name}
          onChange={(event) => setName(event.currentTarget.value.trim())}
          error={name !== "" && !goodName.test(name) ? words.nameBad : undefined}
          spellCheck={false}
          autoComplete="off"
          autoFocus
          required
        />
        <section className="section">
          <h2>{words.fields}</h2>
          <p className="quiet">{words.fieldsHint}</p>
          <FieldList
            fields={fields}
            scope={scopeOf({ name, kind: "base", fields, indexes: [], rules: {} }, fields, all)}
            onChange={setFields}
          />
        </section>
        <Radio.Group className="section" label={words.rules} value={set} onChange={(value) => setSet(value)}>
          <div className="rule-set">
            {offers.map(({ name: id, title, description }) => (
              <Radio key={id} value={id} label={title} description={description} />
            ))}
          </div>
        </Radio.Group>
        {owner ? <p className="quiet">{words.ownerAdded(owner.name)}</p> : null}
        {offersError ? <ProblemView error={offersError} /> : null}
        {create.error ? <ProblemView error={create.error} /> : null}
        <div className="save-bar">
          <Button type="submit" loading={create.isPending} disabled={!ready}>
            {words.submit}
          </Button>
          <span className="quiet" role="status">
            {name === "" ? words.needsName : ready ? "" : words.needsMending}
          </span>
        </div>
      </form>
    </div>
  );
}
