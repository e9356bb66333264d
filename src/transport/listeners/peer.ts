import type { Peer } from "./listener.ts";

/** A peer as both listeners name it: an IPv4 address inside IPv6 is the IPv4 address, and there is no zone. */
export function peerOf(address: string, port: number): Peer {
  const plain = address.replace(/%.*$/, "");
  return { address: /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1] ?? plain, port };
}
