// Makes a collection: its name, its first fields, and one of the five ways to begin with rules.
import { Button, Radio, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api } from "../api/api.ts";
import { collectionsQuery, definitionChanged } from "../api/queries.ts";
import { ProblemView } from "../parts/ProblemView.tsx";
import { toastDone } from "../parts/toasts.tsx";
import { type DraftField, fieldOf, hasFaults, newField } from "./definition-draft.ts";
import { FieldList } from "./FieldList.tsx";
import { type StartingSet, startingRules } from "./starting-rules.ts";
import { texts } from "./texts.ts";

const words = texts.create;
const goodName = /^[a-z][A-Za-z0-9]{0,62}$/;
const ownerName = "owner";

export function NewCollectionScreen() {
  const navigate = useNavigate();
  const { data: all = [] } = useQuery(collectionsQuery);
  const [name, setName] = useState("");
  const [fields, setFields] = useState<readonly DraftField[]>([newField()]);
  const [set, setSet] = useState<StartingSet>("admins");
  const start = startingRules.find(({ id }) => id === set);
  const addsOwner = start?.needsOwner === true && !fields.some((field) => field.name === ownerName);
  const create = useMutation({
    mutationFn: () => {
      const given = fields.filter((field) => field.name !== "").map(fieldOf);
      const owner = { name: ownerName, type: "text", required: true, max: 64 };
      return api.collections.create({
        name,
        kind: "base",
        fields: addsOwner ? [...given, owner] : given,
        indexes: addsOwner ? [{ fields: [ownerName] }] : [],
        rules: start?.rules(ownerName) ?? {},
      });
    },
    onSuccess: async (made) => {
      await definitionChanged(made.name);
      toastDone(words.done(made.name));
      await navigate({ to: set === "own" ? "/collections/$name/rules" : "/collections/$name/records", params: { name: made.name } });
    },
  });
  const named = fields.filter((field) => field.name !== "");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
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
          <FieldList fields={fields} targets={[...new Set([...all.map((one) => one.name), ...(name ? [name] : [])])]} onChange={setFields} />
        </section>
        <Radio.Group
          className="section"
          label={words.rules}
          value={set}
          onChange={(value) => setSet(value as StartingSet)}
        >
          <div className="rule-set">
            {startingRules.map(({ id, title, says }) => (
              <Radio key={id} value={id} label={title} description={says} />
            ))}
          </div>
        </Radio.Group>
        {addsOwner ? <p className="quiet">{words.ownerAdded}</p> : null}
        {create.error ? <ProblemView error={create.error} /> : null}
        <div className="save-bar">
          <Button type="submit" loading={create.isPending} disabled={!goodName.test(name) || hasFaults(named)}>
            {words.submit}
          </Button>
        </div>
      </form>
    </div>
  );
}
