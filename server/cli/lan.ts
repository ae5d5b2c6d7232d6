// What `landfall start --lan` adds: the server on every address of the machine, under the one that a phone in the same
// network reaches, which is printed with a QR code.
import type { NetworkInterfaceInfo } from "node:os";
import type { Environment } from "../kernel/config/index.ts";

type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>;

/** Networks of containers and virtual machines: a phone is in none of them. */
const virtual =
  /^(docker|br-|veth|virbr|vmnet|vboxnet|utun|tun|tap|tailscale|wg|zt|cni|flannel|podman|bridge|awdl|llw)/;

/** The IPv4 addresses a phone may reach this machine by, the likeliest first. */
export function lanAddresses(interfaces: Interfaces): string[] {
  const found = Object.entries(interfaces).flatMap(([name, addresses = []]) =>
    addresses
      .filter(({ family, internal, address }) => family === "IPv4" && !internal && !address.startsWith("169.254."))
      .map(({ address }) => ({ address, rank: (virtual.test(name) ? 2 : 0) + (isPrivate(address) ? 0 : 1) })),
  );
  return found.sort((a, b) => a.rank - b.rank).map(({ address }) => address);
}

function isPrivate(address: string): boolean {
  return /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/.test(address);
}

/** The settings with all addresses bound, and unless one is given the public URL of the first, for the links we make. */
export function lanEnvironment(env: Environment, address: string | undefined): Environment {
  const { HOST: _host, HOST_FILE: _file, ...rest } = env;
  const named = Boolean(env.LANDFALL_PUBLIC_URL || env.LANDFALL_PUBLIC_URL_FILE);
  const port = env.PORT || "4710";
  const url = !named && !env.PORT_FILE && port !== "0" && address !== undefined && `http://${address}:${port}`;
  return { ...rest, HOST: "0.0.0.0", ...(url ? { LANDFALL_PUBLIC_URL: url } : {}) };
}

export interface LanPlace {
  readonly addresses: readonly string[];
  readonly port: number;
  readonly publicUrl: string | undefined;
}

/** What stands under the usual lines of a start. The code is for a person's phone, so a log gets none. */
export async function lanLines({ addresses, port, publicUrl }: LanPlace, isTTY: boolean): Promise<string[]> {
  if (addresses.length === 0 && publicUrl === undefined)
    return ["", "Network  no address found: this machine is in no network."];
  const urls = addresses.map((address) => `http://${address}:${port}`);
  const shown = publicUrl ?? (urls[0] as string);
  return [
    "",
    ...[...new Set([...(publicUrl === undefined ? [] : [publicUrl]), ...urls])].map((url) => `Network  ${url}`),
    `Emulator http://10.0.2.2:${port} (Android); the iOS simulator takes http://localhost:${port}`,
    ...(isTTY ? ["", await codeOf(shown)] : []),
    "",
    "Everybody in this network can reach the server now, and what is sent is not encrypted: rules and keys are all that",
    "protects your data. For development, in a network you trust.",
  ];
}

/** Dark modules on light in every terminal, whatever its theme: some scanners take only that. */
async function codeOf(url: string): Promise<string> {
  const { renderUnicodeCompact } = await import("uqr");
  const light = "\u001b[38;5;231;48;5;16m";
  return renderUnicodeCompact(url, { border: 2 })
    .split("\n")
    .map((line) => `${light}${line}\u001b[0m`)
    .join("\n");
}
