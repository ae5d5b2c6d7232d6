// Whether mail can leave this server. Without SMTP there is a mailbox instead, for whoever tries the product at home; on an
// address that everybody reaches it would let the wrong people wait for mails that nobody sends.
import { BlockList, isIP } from "node:net";
import type { MailState } from "./types.ts";

export function mailStateOf(smtpUrl: string | undefined, publicUrl: string): MailState {
  if (smtpUrl !== undefined) return "smtp";
  return isAtHome(new URL(publicUrl).hostname) ? "mailbox" : "none";
}

const home = new BlockList();
for (const [net, prefix] of [
  ["127.0.0.0", 8],
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["169.254.0.0", 16],
] as const)
  home.addSubnet(net, prefix, "ipv4");
home.addAddress("::1", "ipv6");
home.addSubnet("fc00::", 7, "ipv6");
home.addSubnet("fe80::", 10, "ipv6");

/** Names that only the machine (RFC 6761) or its own network (RFC 6762, RFC 8375) resolves. */
const homeName = /(^|\.)(localhost|local|home\.arpa)$/;

/** Loopback or private. `hostname` as a URL gives it: lower-case, IPv6 in brackets, IPv4 in its plain form. */
function isAtHome(hostname: string): boolean {
  const bare = hostname.replace(/^\[|\]$/g, "");
  const version = isIP(bare);
  if (version === 0) return homeName.test(hostname.replace(/\.$/, ""));
  return home.check(bare, version === 4 ? "ipv4" : "ipv6");
}
