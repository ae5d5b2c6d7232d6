// A password being chosen, with what it is worth below it.
import { PasswordInput } from "@mantine/core";
import type { passwordStrength } from "./password.ts";
import { Strength } from "./Strength.tsx";
import { texts } from "./texts.ts";

interface NewPasswordProps {
  readonly label: string;
  readonly value: string;
  readonly strength: ReturnType<typeof passwordStrength>;
  readonly onChange: (value: string) => void;
}

export function NewPassword({ label, value, strength, onChange }: NewPasswordProps) {
  return (
    <>
      <PasswordInput
        label={label}
        description={texts.setup.passwordHint}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
        autoComplete="new-password"
        required
      />
      <Strength value={value === "" ? undefined : strength} />
    </>
  );
}
