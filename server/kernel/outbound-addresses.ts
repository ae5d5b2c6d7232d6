// Which addresses the server may call on somebody's word: a webhook, an issuer, a picture elsewhere. Judged is the address that
// is connected to, after DNS, so that a name which points inside gains nothing (S01).
import { BlockList, isIP } from "node:net";

export interface AddressRules {
  /** Loopback is open while the server's own public URL is loopback: development, where the provider runs beside it. */
  readonly loopback: boolean;
  /** Addresses and CIDR ranges that the operator opened (LANDFALL_OUTBOUND_ALLOW). */
  readonly allow: readonly string[];
}

/** May a connection of this kind be made to this address? Plain HTTP leaves the machine only to where the operator said so. */
export type AddressGuard = (address: string, encrypted: boolean) => boolean;

/** RFC 6890 and its successors: everything that is not one machine on the public internet. */
const special = {
  ipv4: [
    ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"],
    ...["192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"],
    ...["224.0.0.0/4", "240.0.0.0/4"],
  ],
  // Only 2000::/3 is given out; inside it lie ranges that carry an IPv4 address or reach nobody.
  ipv6: [...["::/3", "4000::/2", "8000::/1", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"]],
} as const;

export function addressGuard({ loopback, allow }: AddressRules): AddressGuard {
  // Apart, since a range of IPv6 addresses would be asked about IPv4 ones too, as ::ffff:a.b.c.d.
  const closed = { ipv4: listOf(special.ipv4), ipv6: listOf(special.ipv6) };
  const opened = listOf(allow);
  const own = listOf(["127.0.0.0/8", "::1/128"]);
  return (text, encrypted) => {
    const address = unmapped(text);
    const family = isIP(address);
    if (family === 0) return false;
    const type = family === 4 ? "ipv4" : "ipv6";
    if (opened.check(address, type)) return true;
    if (own.check(address, type)) return loopback;
    return encrypted && !closed[type].check(address, type);
  };
}

/** `::ffff:10.0.0.1` and its hexadecimal spelling are that IPv4 address. */
function unmapped(address: string): string {
  const text = address.replace(/^\[|\]$/g, "").split("%")[0] as string;
  if (isIP(text) !== 6) return text;
  const groups = new URL(`http://[${text}]/`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(groups);
  if (mapped === null) return text;
  const [high, low] = [Number.parseInt(mapped[1] as string, 16), Number.parseInt(mapped[2] as string, 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

/** Throws on what is neither an address nor a range. */
function listOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = "", bits] = range.split("/");
    const family = isIP(address);
    if (family === 0) throw new Error(`${range} is no IP address and no CIDR range`);
    const type = family === 4 ? "ipv4" : "ipv6";
    list.addSubnet(address, bits === undefined ? (family === 4 ? 32 : 128) : Number(bits), type);
  }
  return list;
}
