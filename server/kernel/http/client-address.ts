// Whose address a request counts against. Forwarded headers are claims; only a trusted proxy's claim is believed.
import { BlockList, isIP } from "node:net";

export type ClientAddress = (remote: string | undefined, forwardedFor: string | undefined) => string;

/**
 * Walks `X-Forwarded-For` from the nearest hop outwards and stops at the first address that is not a trusted proxy's:
 * everything left of it could have been written by the client.
 */
export function clientAddress(trustedProxies: readonly string[]): ClientAddress {
  const trusted = blockList(trustedProxies);
  const isTrusted = (address: string) => trusted.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
  return (remote, forwardedFor) => {
    const peer = plain(remote ?? "");
    if (forwardedFor === undefined || isIP(peer) === 0 || !isTrusted(peer)) return peer;
    let address = peer;
    for (const hop of forwardedFor.split(",").reverse()) {
      const claimed = plain(hop.trim());
      if (isIP(claimed) === 0) break;
      address = claimed;
      if (!isTrusted(claimed)) break;
    }
    return address;
  };
}

/** Limits count an IPv6 customer, not one of the 2^64 addresses that customer can use. */
export function limitKey(address: string): string {
  if (isIP(address) !== 6) return address;
  return `${expand(address).slice(0, 4).join(":")}::/64`;
}

export function isLoopback(address: string): boolean {
  const ip = plain(address);
  return ip === "::1" || ip.startsWith("127.");
}

function plain(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice("::ffff:".length) : address;
}

function expand(address: string): string[] {
  const [left = "", right] = address.split("%")[0]?.split("::") ?? [];
  const head = left === "" ? [] : left.split(":");
  const tail = right === undefined || right === "" ? [] : right.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => "0");
  return [...head, ...zeros, ...tail].map((group) => group.toLowerCase());
}

function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = "", bits] = range.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}
