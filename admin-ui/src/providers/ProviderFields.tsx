// Which fields of a new user's record are filled from what the provider says.
import { Fieldset, Select, SimpleGrid } from "@mantine/core";
import { type Collection, type ProfileClaim, profileClaims } from "../api/types.ts";
import type { ProviderDraft } from "./provider-draft.ts";
import { texts } from "./texts.ts";

const words = texts.form;
/** Types that a text of somebody else's may go into. */
const fillable = new Set(["text", "url"]);

interface ProviderFieldsProps {
  readonly collection: Collection;
  readonly fields: ProviderDraft["fields"];
  readonly onChange: (fields: ProviderDraft["fields"]) => void;
}

export function ProviderFields({ collection, fields, onChange }: ProviderFieldsProps) {
  const names = collection.fields.filter((field) => fillable.has(field.type) && !field.many).map(({ name }) => name);
  if (names.length === 0) return null;
  const fill = (claim: ProfileClaim, field: string | null) => {
    const { [claim]: _, ...rest } = fields;
    onChange(field === null ? rest : { ...rest, [claim]: field });
  };
  const freeFor = (claim: ProfileClaim) =>
    names.filter((name) => fields[claim] === name || !Object.values(fields).includes(name));
  return (
    <Fieldset legend={words.fields}>
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        {profileClaims.map((claim) => (
          <Select
            key={claim}
            label={words.claims[claim]}
            placeholder={words.noField}
            data={freeFor(claim)}
            value={fields[claim] ?? null}
            onChange={(field) => fill(claim, field)}
            clearable
          />
        ))}
      </SimpleGrid>
    </Fieldset>
  );
}
