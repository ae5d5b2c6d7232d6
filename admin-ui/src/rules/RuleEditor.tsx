// One rule: locked, or its expression with what the checker found and a warning when it lets everybody in.
import { Alert, Badge, Button } from "@mantine/core";
import { IconLock, IconLockOpen } from "@tabler/icons-react";
import { useEffect, useRef } from "react";
import type { RuleName } from "../api/types.ts";
import { isPublic } from "../collections/starting-rules.ts";
import { CelField } from "./CelField.tsx";
import type { CompletionScope } from "./cel-complete.ts";
import type { Finding } from "./finding.ts";
import { texts } from "./texts.ts";

interface RuleEditorProps {
  readonly name: RuleName;
  /** Null: no rule, admins only. */
  readonly value: string | null;
  readonly scope: CompletionScope;
  readonly finding: Finding | undefined;
  readonly focused: boolean;
  readonly onChange: (text: string | null) => void;
}

export function RuleEditor({ name, value, scope, finding, focused, onChange }: RuleEditorProps) {
  const [title, says] = texts.rules[name];
  const section = useRef<HTMLElement>(null);
  useEffect(() => {
    if (focused) section.current?.scrollIntoView({ block: "center" });
  }, [focused]);
  return (
    <section className="rule" ref={section} aria-label={texts.editor(title)}>
      <div className="rule-head">
        <h2>{title}</h2>
        {value === null ? (
          <>
            <Badge variant="default" tt="none">
              {name === "get" ? texts.asList : texts.locked}
            </Badge>
            <Button size="xs" variant="default" leftSection={<IconLockOpen size={14} />} onClick={() => onChange("")}>
              {texts.unlock(title)}
            </Button>
          </>
        ) : (
          <Button
            size="xs"
            variant="subtle"
            color="gray"
            leftSection={<IconLock size={14} />}
            aria-label={texts.lockLabel(title)}
            onClick={() => onChange(null)}
          >
            {texts.lock}
          </Button>
        )}
      </div>
      <p className="quiet">{says}</p>
      {value === null ? null : (
        <div className="rule-body">
          <CelField
            label={texts.editor(title)}
            value={value}
            onChange={onChange}
            scope={scope}
            placeholder={texts.placeholder}
            finding={finding}
            autoFocus={value === "" || focused}
          />
          {isPublic(value) && !finding ? (
            <Alert mt="xs" color="yellow" variant="light" title={texts.publicTitle}>
              {texts.publicBody}
            </Alert>
          ) : null}
        </div>
      )}
    </section>
  );
}
