import { plainAddress } from "../../network/address.ts";
import type { Peer } from "./listener.ts";

/**
 * A peer, in the same form from both listeners: an IPv4 address mapped into IPv6 is the IPv4 address, and there is no
 * zone.
 */
export function peerOf(address: string, port: number): Peer {
  return { address: plainAddress(address), port };
}
