// The provider's own switches, as admins set them; one row for the installation.
import type { Db } from "../kernel/db/index.ts";

export interface ProviderSettings {
  /** Programs may register themselves (RFC 7591). */
  readonly registration: boolean;
}

const defaults: ProviderSettings = { registration: false };

export async function readSettings(db: Db): Promise<ProviderSettings> {
  const text = `SELECT value FROM landfall.meta WHERE key = 'oauthSettings'`;
  const [row] = await db.query<{ value: Partial<ProviderSettings> }>({ name: "provider_settings", text });
  return { ...defaults, ...row?.value };
}

export async function writeSettings(db: Db, settings: ProviderSettings): Promise<void> {
  await db.query({
    text: `INSERT INTO landfall.meta (key, value) VALUES ('oauthSettings', $1) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
    values: [JSON.stringify(settings)],
  });
}
