// The form of a new API key: its scope by collection and action, its end, and the user it may act as.
import {
  ActionIcon,
  Button,
  Checkbox,
  Drawer,
  Group,
  Select,
  Stack,
  TagsInput,
  Textarea,
  TextInput,
} from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api } from "../api/api.ts";
import { collectionsQuery } from "../api/queries.ts";
import { type JsonValue, type KeyExtra, type NewApiKey, type RuleName, ruleNames } from "../api/types.ts";
import { ProblemView } from "../parts/ProblemView.tsx";
import { texts } from "./texts.ts";

const words = texts.form;
const extras = Object.keys(words.extras) as KeyExtra[];

interface Scope {
  readonly collection: string;
  readonly actions: readonly RuleName[];
}

interface KeyDrawerProps {
  readonly onMade: (key: NewApiKey) => Promise<void>;
  readonly onClose: () => void;
}

export function KeyDrawer({ onMade, onClose }: KeyDrawerProps) {
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<readonly Scope[]>([{ collection: "*", actions: ["list", "get"] }]);
  const [readOnly, setReadOnly] = useState(false);
  const [extra, setExtra] = useState<readonly KeyExtra[]>([]);
  const [days, setDays] = useState("90");
  const [acts, setActs] = useState(false);
  const [user, setUser] = useState<User>({ id: "", roles: [], teams: [], claims: "" });
  const claims = parseClaims(user.claims);
  const create = useMutation({
    mutationFn: () =>
      api.keys.create({
        name: name.trim(),
        collections: Object.fromEntries(
          scopes.filter(({ actions }) => actions.length > 0).map(({ collection, actions }) => [collection, actions]),
        ),
        readOnly,
        extra,
        expiresAt: days === "none" ? null : new Date(Date.now() + Number(days) * 86_400_000).toISOString(),
        actAs: acts ? { id: user.id, roles: user.roles, teams: user.teams, claims: claims ?? {} } : null,
      }),
    onSuccess: onMade,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <Drawer opened onClose={onClose} position="right" size={480} title={words.title}>
      <form onSubmit={submit}>
        <Stack gap="md">
          <TextInput
            label={words.name}
            description={words.nameHint}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            data-autofocus
            required
            maxLength={100}
          />
          <ScopeList scopes={scopes} onChange={setScopes} />
          <Checkbox
            label={words.readOnly}
            checked={readOnly}
            onChange={(event) => setReadOnly(event.currentTarget.checked)}
          />
          <Checkbox.Group label={words.extra} value={[...extra]} onChange={(value) => setExtra(value as KeyExtra[])}>
            <Stack gap={8} mt={4}>
              {extras.map((one) => (
                <Checkbox key={one} value={one} label={words.extras[one]} />
              ))}
            </Stack>
          </Checkbox.Group>
          <Select
            label={words.expires}
            data={Object.entries(words.expiry).map(([value, label]) => ({ value, label }))}
            value={days}
            onChange={(value) => value && setDays(value)}
            allowDeselect={false}
          />
          <Checkbox
            label={words.actAs}
            description={words.actAsHint}
            checked={acts}
            onChange={(event) => setActs(event.currentTarget.checked)}
          />
          {acts ? <UserInputs user={user} claimsBad={claims === undefined} onChange={setUser} /> : null}
          {create.error ? <ProblemView error={create.error} /> : null}
          <Button
            type="submit"
            loading={create.isPending}
            disabled={name.trim() === "" || (acts && (user.id === "" || claims === undefined))}
          >
            {words.submit}
          </Button>
        </Stack>
      </form>
    </Drawer>
  );
}

interface User {
  readonly id: string;
  readonly roles: readonly string[];
  readonly teams: readonly string[];
  readonly claims: string;
}

/** Undefined: not a JSON object. */
function parseClaims(text: string): { readonly [name: string]: JsonValue } | undefined {
  if (text.trim() === "") return {};
  try {
    const value = JSON.parse(text) as JsonValue;
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as { readonly [name: string]: JsonValue })
      : undefined;
  } catch {
    return undefined;
  }
}

interface UserInputsProps {
  readonly user: User;
  readonly claimsBad: boolean;
  readonly onChange: (user: User) => void;
}

function UserInputs({ user, claimsBad, onChange }: UserInputsProps) {
  return (
    <>
      <TextInput
        label={words.userId}
        value={user.id}
        onChange={(event) => onChange({ ...user, id: event.currentTarget.value.trim() })}
        required
        spellCheck={false}
      />
      <TagsInput label={words.roles} value={[...user.roles]} onChange={(roles) => onChange({ ...user, roles })} />
      <TagsInput label={words.teams} value={[...user.teams]} onChange={(teams) => onChange({ ...user, teams })} />
      <Textarea
        className="filter-input"
        label={words.claims}
        value={user.claims}
        onChange={(event) => onChange({ ...user, claims: event.currentTarget.value })}
        error={claimsBad ? words.claimsBad : undefined}
        autosize
        minRows={2}
        spellCheck={false}
      />
    </>
  );
}

interface ScopeListProps {
  readonly scopes: readonly Scope[];
  readonly onChange: (scopes: readonly Scope[]) => void;
}

function ScopeList({ scopes, onChange }: ScopeListProps) {
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
