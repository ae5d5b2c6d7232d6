// Who may do what with the records of a collection: five rules, each locked (admins only) or an expression.
import { Button, Menu } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useBlocker, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { api, type Confirm } from "../api/api.ts";
import { collectionsQuery, definitionChanged, ruleSetsQuery } from "../api/queries.ts";
import { type Collection, type RuleName, type Rules, ruleNames } from "../api/types.ts";
import { confirmationIn } from "../collections/confirmation.ts";
import { ownerField, ownText, rulesOf } from "../collections/starting-rules.ts";
import { useCollection } from "../collections/useCollection.ts";
import { useSaveKey } from "../frame/useSaveKey.ts";
import { ProblemView } from "../parts/ProblemView.tsx";
import { toastDone } from "../parts/toasts.tsx";
import { ruleFinding } from "./finding.ts";
import { RuleEditor } from "./RuleEditor.tsx";
import { texts } from "./texts.ts";
import { useRuleFindings } from "./useRuleFindings.ts";

export function RulesScreen() {
  const collection = useCollection();
  const { rule: wanted } = useSearch({ from: "/frame/collections/$name/rules" });
  const { data: all = [] } = useQuery(collectionsQuery);
  const [rules, setRules] = useState<Rules>(collection.rules);
  const changed = ruleNames.filter((name) => (rules[name] ?? null) !== (collection.rules[name] ?? null));
  const dirty = changed.length > 0;
  const findings = useRuleFindings(collection, all, rules);
  const save = useMutation({
    mutationFn: async (confirm: Confirm) => {
      const saved = await api.collections.update(collection.name, { rules: written(rules) }, confirm);
      await definitionChanged(collection.name);
      setRules(saved.rules);
    },
    onSuccess: () => toastDone(texts.saved),
  });
  const refused = confirmationIn(save.error);
  const placed = ruleNames.some((name) => ruleFinding(save.error, name));
  useBlocker({ shouldBlockFn: () => dirty && !window.confirm(texts.leave), enableBeforeUnload: () => dirty });

  const change = (name: RuleName, text: string | null) => {
    setRules((kept) => ({ ...kept, [name]: text }));
    if (save.error) save.reset();
  };
  const ready = dirty && Object.keys(findings).length === 0;
  useSaveKey(() => ready && !save.isPending && !refused && save.mutate(undefined));
  return (
    <div className="screen">
      <div className="screen-head">
        <p className="quiet grow">{texts.intro}</p>
        <StartingMenu collection={collection} onChoose={setRules} />
      </div>
      <div className="rows">
        {ruleNames.map((name) => (
          <RuleEditor
            key={name}
            name={name}
            value={rules[name] ?? null}
            scope={{ collection, all, kind: "rule" }}
            finding={findings[name] ?? ruleFinding(save.error, name)}
            focused={wanted === name}
            onChange={(text) => change(name, text)}
          />
        ))}
      </div>
      {save.error && !placed ? <ProblemView error={save.error} /> : null}
      <div className="save-bar">
        <Button disabled={!ready} loading={save.isPending} onClick={() => save.mutate(refused?.confirm)}>
          {texts.save}
        </Button>
        <Button variant="default" disabled={!dirty} onClick={() => setRules(collection.rules)}>
          {texts.discard}
        </Button>
        <span className="quiet" role="status">
          {Object.keys(findings).length > 0 ? texts.faulty : dirty ? texts.dirty : texts.clean}
        </span>
      </div>
    </div>
  );
}

/** An emptied editor means no rule; the API says that with null. */
function written(rules: Rules): Rules {
  return Object.fromEntries(ruleNames.map((name) => [name, rules[name]?.trim() || null]));
}

interface StartingMenuProps {
  readonly collection: Collection;
  readonly onChoose: (rules: Rules) => void;
}

function StartingMenu({ collection, onChoose }: StartingMenuProps) {
  const { data: offers = [] } = useQuery(ruleSetsQuery);
  const owner = ownerField(collection);
  const usable = offers.filter((offer) => offer.name !== ownText && (!offer.needs || owner !== undefined));
  return (
    <Menu position="bottom-end" width={300}>
      <Menu.Target>
        <Button variant="default" rightSection={<IconChevronDown size={14} />}>
          {texts.sets.title}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{texts.sets.replaces}</Menu.Label>
        {usable.map((offer) => (
          <Menu.Item key={offer.name} onClick={() => onChoose(rulesOf(offer, owner))}>
            <div>{offer.title}</div>
            <div className="quiet">{offer.description}</div>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
