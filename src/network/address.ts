/** Addresses as keys of limits: one for each IPv4 address, one for each IPv6 network of 64 bits. */

/** The key under which an address is counted; a mapped IPv4 address counts as itself. */
export function addressKey(address: string): string {
  const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(address);
  if (mapped?.[1] !== undefined) return mapped[1];
  return address.includes(":") ? `${network64(address)}::/64` : address;
}

/** Tells whether an address belongs to this machine. */
export function isLoopbackAddress(address: string): boolean {
  const key = addressKey(address);
  return key.startsWith("127.") || address === "::1";
}

/** The first four groups, without leading zeros. */
function network64(address: string): string {
  const [head = "", tail] = address.toLowerCase().replace(/%.*$/, "").split("::");
  const front = groups(head);
  const back = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => "0");
  return [...front, ...zeros, ...back].slice(0, 4).map((group) => group.replace(/^0+(?=.)/, "")).join(":");
}

function groups(text: string): string[] {
  return text === "" ? [] : text.split(":");
}
