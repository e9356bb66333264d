import { plainAddress } from "../../network/address.ts";
import type { Peer } from "./listener.ts";

/** A peer as both listeners name it: an IPv4 address inside IPv6 is the IPv4 address, and there is no zone. */
export function peerOf(address: string, port: number): Peer {
  return { address: plainAddress(address), port };
}
