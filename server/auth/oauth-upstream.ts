// The providers that sign-in can go through: which driver speaks to which.
import type { Outbound } from "../kernel/outbound.ts";
import type { Driver } from "./oauth-driver.ts";
import { googleDriver } from "./oauth-google.ts";
import { openIdDriver } from "./oauth-openid.ts";
import type { Preset } from "./oauth-presets.ts";

export function createUpstreams(outbound: Outbound): Driver {
  const drivers: { readonly [name in Preset["driver"]]: Driver } = {
    openid: openIdDriver(outbound),
    google: googleDriver(outbound),
  };
  return (provider) => drivers[provider.preset.driver](provider);
}
