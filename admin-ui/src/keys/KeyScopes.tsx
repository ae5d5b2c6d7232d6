// What a key may do with the records of which collections.
import { ActionIcon, Checkbox, Group, Select } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { collectionsQuery } from "../api/queries.ts";
import { type RuleName, ruleNames } from "../api/types.ts";
import type { KeyScope } from "./key-draft.ts";
import { texts } from "./texts.ts";

const words = texts.form;

interface KeyScopesProps {
  readonly scopes: readonly KeyScope[];
  readonly onChange: (scopes: readonly KeyScope[]) => void;
}

export function KeyScopes({ scopes, onChange }: KeyScopesProps) {
  const { data: collections = [] } = useQuery(collectionsQuery);
  const taken = new Set(scopes.map(({ collection }) => collection));
  const free = ["*", ...collections.map(({ name }) => name)].filter((name) => !taken.has(name));
  const titleOf = (collection: string) => (collection === "*" ? words.all : collection);
  return (
    <div>
      <div className="rows">
        {scopes.map((scope) => (
          <div key={scope.collection}>
            <Group justify="space-between" wrap="nowrap">
              <h3 className="ellipsis">{titleOf(scope.collection)}</h3>
              <ActionIcon
                variant="subtle"
                color="gray"
                size={32}
                aria-label={words.removeScope(titleOf(scope.collection))}
                onClick={() => onChange(scopes.filter((other) => other !== scope))}
              >
                <IconTrash size={16} />
              </ActionIcon>
            </Group>
            <Checkbox.Group
              aria-label={titleOf(scope.collection)}
              value={[...scope.actions]}
              onChange={(actions) =>
                onChange(
                  scopes.map((other) => (other === scope ? { ...scope, actions: actions as RuleName[] } : other)),
                )
              }
            >
              <Group gap={12} pb={12}>
                {ruleNames.map((action) => (
                  <Checkbox key={action} value={action} label={action} />
                ))}
              </Group>
            </Checkbox.Group>
          </div>
        ))}
      </div>
      <Select
        mt={8}
        aria-label={words.addScope}
        placeholder={words.addScope}
        data={free.map((name) => ({ value: name, label: titleOf(name) }))}
        value={null}
        onChange={(collection) => collection && onChange([...scopes, { collection, actions: ["list", "get"] }])}
        searchable
      />
    </div>
  );
}
