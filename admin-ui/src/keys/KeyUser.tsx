// The user a key acts as.
import { TagsInput, Textarea, TextInput } from "@mantine/core";
import { type KeyUserDraft, parseClaims } from "./key-draft.ts";
import { texts } from "./texts.ts";

const words = texts.form;

interface KeyUserProps {
  readonly user: KeyUserDraft;
  readonly onChange: (user: KeyUserDraft) => void;
}

export function KeyUser({ user, onChange }: KeyUserProps) {
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
        error={parseClaims(user.claims) ? undefined : words.claimsBad}
        autosize
        minRows={2}
        spellCheck={false}
      />
    </>
  );
}
