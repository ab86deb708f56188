/** Groups of an IPv6 address that name a customer's network; the rest is theirs to choose. */
const NETWORK_GROUPS = 4;
const GROUPS = 8;
/** The longest address there is, and room for a zone. */
const ADDRESS_CHARS_MAX = 64;

/**
 * Whom a request is counted for. Cloudflare sets this header itself and drops what a client sends
 * under its name. Whoever has one IPv6 address has 2^64 of them, so a whole /64 counts as one.
 */
export function clientKeyOf(request: Request): string {
  const header = request.headers.get("cf-connecting-ip") ?? "unknown";
  const address = header.slice(0, ADDRESS_CHARS_MAX);
  // A dot is part of an IPv4 address, also of one that is written inside an IPv6 address.
  if (!address.includes(":") || address.includes(".")) return address;
  const [head = [], tail = []] = address.toLowerCase().split("::").map(splitGroups);
  const gap = Array.from({ length: Math.max(0, GROUPS - head.length - tail.length) }, () => "0");
  return `${[...head, ...gap, ...tail].slice(0, NETWORK_GROUPS).join(":")}::/64`;
}

function splitGroups(part: string): string[] {
  return part === "" ? [] : part.split(":").map((group) => group.replace(/^0+(?=.)/, ""));
}
