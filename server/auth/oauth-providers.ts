// The providers of a collection as they are set up, made ready to be spoken to: preset and configuration as one, secret opened.
import type { Db } from "../kernel/db/index.ts";
import type { MasterKey } from "../kernel/master-key.ts";
import { errors } from "./errors.ts";
import { type PresetName, type Presets, presets as shipped } from "./oauth-presets.ts";
import { listProviders, type ProviderRow, providerByName, secretOf } from "./oauth-provider-store.ts";
import type { Provider } from "./oauth-types.ts";

/** What a sign-in screen shows: the preset tells the mark, the label what to call it. */
export interface ProviderButton {
  readonly name: string;
  readonly preset: PresetName;
  readonly label: string;
}

export interface Providers {
  readonly presets: Presets;
  redirectUrl(name: string): string;
  /** Rejects with `provider_not_found` (404) when it is not there or switched off. */
  find(db: Db, collectionId: number, name: string): Promise<Provider>;
  /** Whatever its state. */
  ready(row: ProviderRow): Provider;
  /** For a sign-in screen. */
  buttons(db: Db, collectionId: number): Promise<ProviderButton[]>;
}

export interface ProvidersOptions {
  readonly masterKey: MasterKey;
  readonly publicUrl: string;
  /** Others than the product's, for tests. */
  readonly presets?: Presets | undefined;
}

export function createProviders({ masterKey, publicUrl, presets = shipped }: ProvidersOptions): Providers {
  const base = publicUrl.replace(/\/$/, "");
  // One for each provider: an answer can then only be to a request that went to the same one (RFC 9700 §4.4.2.2).
  const redirectUrl = (name: string) => `${base}/v1/auth/oauth/${name}/callback`;

  const ready = (row: ProviderRow): Provider => {
    const { id, name, revision, config } = row;
    const preset = presets[config.preset];
    const issuer = config.issuer ?? preset.issuer ?? "";
    return {
      id,
      name,
      revision,
      config,
      preset,
      issuer,
      secret: secretOf(masterKey, row),
      redirectUrl: redirectUrl(name),
    };
  };

  return {
    presets,
    redirectUrl,
    ready,
    async find(db, collectionId, name) {
      const row = await providerByName(db, collectionId, name);
      if (row === undefined || !row.config.enabled) throw errors.provider_not_found();
      return ready(row);
    },
    async buttons(db, collectionId) {
      const rows = await listProviders(db, collectionId);
      return rows.flatMap(({ name, config }) =>
        config.enabled ? [{ name, preset: config.preset, label: config.label ?? presets[config.preset].label }] : [],
      );
    },
  };
}
