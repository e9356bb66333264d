/**
 * Checks whether a server still accepts connections: when the runtime runs out of file descriptors, it silently stops
 * for good.
 */

import { connect } from "node:net";
import type { AddressInfo, Server } from "node:net";

/** How long a connection to ourselves may take to arrive. */
const ARRIVAL_MS = 2_000;

/**
 * Connects to the server and checks that the connection arrives; also `true` when no connection could be made at all.
 */
export function isAccepting(
  server: Server,
  { address, port }: Pick<AddressInfo, "address" | "port">,
): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const probe = connect({ port, host: reachable(address) });
  const timer = setTimeout(() => resolve(false), ARRIVAL_MS);
  // Any connection that arrives meanwhile proves the same; on a busy machine the probe may arrive before it knows its
  // own port.
  const onConnection = () => resolve(true);
  server.on("connection", onConnection);
  probe.on("error", () => resolve(true));
  return promise.finally(() => {
    clearTimeout(timer);
    server.off("connection", onConnection);
    probe.destroy();
  });
}

/** An address to connect to: a wildcard address is replaced by loopback. */
function reachable(address: string): string {
  if (address === "0.0.0.0") return "127.0.0.1";
  return address === "::" ? "::1" : address;
}
