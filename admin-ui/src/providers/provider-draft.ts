// A provider while it is edited, and back to what the API takes.
import {
  type ProfileClaim,
  type Provider,
  type ProviderInput,
  type ProviderPreset,
  profileClaims,
} from "../api/types.ts";

export interface ProviderDraft {
  readonly preset: string;
  readonly name: string;
  readonly label: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly issuer: string;
  readonly teamId: string;
  readonly keyId: string;
  readonly audiences: readonly string[];
  /** Which field each claim fills. */
  readonly fields: { readonly [claim in ProfileClaim]?: string };
  readonly enabled: boolean;
  /** Not shown, and kept as it is. */
  readonly scopes: readonly string[] | undefined;
}

export const newProvider = (preset: string): ProviderDraft => ({
  ...{ preset, name: preset, label: "", clientId: "", clientSecret: "", issuer: "", teamId: "", keyId: "" },
  ...{ audiences: [], fields: {}, enabled: true, scopes: undefined },
});

export function draftOf(provider: Provider): ProviderDraft {
  const fields = Object.fromEntries(Object.entries(provider.fields).map(([field, claim]) => [claim, field]));
  const { preset, name, label = "", clientId, issuer = "", apple, audiences, enabled, scopes } = provider;
  const { teamId = "", keyId = "" } = apple ?? {};
  return { preset, name, label, clientId, clientSecret: "", issuer, teamId, keyId, audiences, fields, enabled, scopes };
}

export function inputOf(draft: ProviderDraft, preset: ProviderPreset): ProviderInput {
  const fields = profileClaims.flatMap((claim) => {
    const field = draft.fields[claim];
    return field === undefined ? [] : [[field, claim] as const];
  });
  return {
    preset: draft.preset,
    enabled: draft.enabled,
    clientId: draft.clientId,
    audiences: preset.idTokens ? draft.audiences : [],
    fields: Object.fromEntries(fields),
    ...(draft.label !== "" && { label: draft.label }),
    ...(draft.clientSecret !== "" && { clientSecret: draft.clientSecret }),
    ...(preset.issuer !== "fixed" && draft.issuer !== "" && { issuer: draft.issuer }),
    ...(preset.keyFile && { apple: { teamId: draft.teamId, keyId: draft.keyId } }),
    ...(draft.scopes && { scopes: draft.scopes }),
  };
}

export const isName = (name: string): boolean => /^[a-z][a-z0-9-]{0,30}$/.test(name);

/** Enough to be sent; what is wrong with it the server says better. */
export function isComplete(draft: ProviderDraft, preset: ProviderPreset, known: Provider | undefined): boolean {
  const hasSecret = draft.clientSecret !== "" || known?.hasSecret === true;
  const hasIssuer = preset.issuer !== "required" || draft.issuer !== "";
  const hasKey = !preset.keyFile || (draft.teamId !== "" && draft.keyId !== "");
  return isName(draft.name) && draft.clientId !== "" && hasSecret && hasIssuer && hasKey;
}
