// How strong a password is, as a bar and a word.
import { Progress } from "@mantine/core";
import { texts } from "./texts.ts";

export function Strength({ value }: { readonly value: 0 | 1 | 2 | 3 | 4 | undefined }) {
  const word = value === undefined ? "" : texts.strength.words[value];
  const color = value === undefined || value < 2 ? "red" : value < 3 ? "yellow" : "green";
  return (
    <div>
      <Progress value={((value ?? -1) + 1) * 20} color={color} aria-label={texts.strength.label} size="sm" />
      <div className="quiet" aria-live="polite">
        {word || "\u00a0"}
      </div>
    </div>
  );
}
