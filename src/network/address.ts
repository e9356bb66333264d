/**
 * Addresses and host names: which of them are loopback, how URLs write them, and the keys under which limits count
 * them.
 */

/**
 * The key under which an address is counted: an IPv4 address (also one mapped into IPv6) by itself, an IPv6 address by
 * its /64 network.
 */
export function addressKey(address: string): string {
  const plain = plainAddress(address);
  return plain.includes(":") ? `${network64(plain)}::/64` : plain;
}

/** An address without its zone; an IPv4 address mapped into IPv6 becomes the IPv4 address. */
export function plainAddress(address: string): string {
  if (!address.includes(":") && !address.includes("%")) return address;
  const plain = address.replace(/%.*$/, "");
  return /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(plain)?.[1] ?? plain;
}

/** The one form of an address that proxies write in several: as {@linkcode plainAddress}, and IPv6 shortened. */
export function canonicalAddress(address: string): string {
  const plain = plainAddress(address);
  const host = plain.includes(":") ? URL.parse(`http://[${plain}]/`)?.hostname.slice(1, -1) : undefined;
  const [, high, low] = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(host ?? "") ?? [];
  if (high === undefined || low === undefined) return host ?? plain;
  return [high, low].flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 255]).join(".");
}

/** A name or address as in URLs and `Host` headers: IPv6 addresses in brackets. */
export function hostName(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}

const OCTET = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);

/** The IP version of an address, which may have a zone; `undefined` when it is no address. */
export function ipVersion(text: string): 4 | 6 | undefined {
  if (IPV4.test(text)) return 4;
  const [, address = ""] = /^([0-9a-f:.]+)(?:%[0-9a-z_.~-]+)?$/i.exec(text) ?? [];
  return address.includes(":") && URL.canParse(`http://[${address}]/`) ? 6 : undefined;
}

/** Tells whether a host name, from a URL or typed by a person, is this machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || hostname === "::1" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** Tells whether the address of a peer belongs to this machine. */
export function isLoopbackAddress(address: string): boolean {
  const key = addressKey(address);
  return key.startsWith("127.") || address === "::1";
}

/** The first four groups, without leading zeros. */
function network64(address: string): string {
  const [head = "", tail] = address.toLowerCase().split("::");
  const front = groups(head);
  const back = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => "0");
  return [...front, ...zeros, ...back].slice(0, 4).map((group) => group.replace(/^0+(?=.)/, "")).join(":");
}

function groups(text: string): string[] {
  return text === "" ? [] : text.split(":");
}
