// What an admin does at the provider, with the address to register there ready to be copied.
import { Anchor } from "@mantine/core";
import type { ProviderPreset } from "../api/types.ts";
import { CopyButton } from "../parts/CopyButton.tsx";
import { texts } from "./texts.ts";

const words = texts.form;

interface ProviderStepsProps {
  readonly preset: ProviderPreset;
  readonly redirectUrl: string;
}

export function ProviderSteps({ preset, redirectUrl }: ProviderStepsProps) {
  return (
    <section aria-label={words.steps}>
      <h3>{words.steps}</h3>
      <ol className="provider-steps">
        {preset.setup.steps.map((step) => (
          <li key={step}>{step.replace("{redirect}", words.below)}</li>
        ))}
      </ol>
      <p>
        <Anchor href={preset.setup.url} target="_blank" rel="noreferrer">
          {words.open}
        </Anchor>
      </p>
      <div className="code-head">
        <span className="quiet">{words.redirect}</span>
        <CopyButton value={redirectUrl} label={words.copyRedirect} />
      </div>
      <code className="broken">{redirectUrl}</code>
    </section>
  );
}
