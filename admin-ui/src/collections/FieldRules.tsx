// Who may see and set one field, beside the record's own rules. Most fields have none, so the editors appear when asked for.
import { Button } from "@mantine/core";
import { useState } from "react";
import { CelField } from "../rules/CelField.tsx";
import { useFinding } from "../rules/useRuleFindings.ts";
import type { DefinitionScope, DraftField } from "./definition-draft.ts";
import { texts } from "./texts.ts";

const words = texts.field;

interface FieldRulesProps {
  readonly field: DraftField;
  readonly scope: DefinitionScope;
  readonly onChange: (rules: { readonly read?: string; readonly write?: string }) => void;
}

export function FieldRules({ field, scope, onChange }: FieldRulesProps) {
  const [shown, setShown] = useState(Boolean(field.rules?.read || field.rules?.write));
  if (!shown)
    return (
      <div className="full">
        <Button size="compact-sm" variant="subtle" color="gray" ml={-8} onClick={() => setShown(true)}>
          {words.addRules}
        </Button>
      </div>
    );
  const rules = field.rules ?? {};
  return (
    <>
      <FieldRule
        label={words.readRule}
        value={rules.read ?? ""}
        scope={scope}
        hasBefore={false}
        onChange={(read) => onChange({ ...rules, read })}
      />
      <FieldRule
        label={words.writeRule}
        value={rules.write ?? ""}
        scope={scope}
        hasBefore
        onChange={(write) => onChange({ ...rules, write })}
      />
    </>
  );
}

interface FieldRuleProps {
  readonly label: string;
  readonly value: string;
  readonly scope: DefinitionScope;
  readonly hasBefore: boolean;
  readonly onChange: (text: string) => void;
}

function FieldRule({ label, value, scope, hasBefore, onChange }: FieldRuleProps) {
  const finding = useFinding(value, { ...scope, hasBefore });
  return (
    <div className="field-rule">
      {/* The editor carries the same words as its name. */}
      <div className="field-label" aria-hidden>
        {label}
      </div>
      <CelField label={label} value={value} onChange={onChange} scope={{ ...scope, kind: "rule" }} finding={finding} />
      <p className="quiet">{words.ruleHint}</p>
    </div>
  );
}
