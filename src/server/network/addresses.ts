/** The addresses at which clients reach a network server. */

import { hostName } from "../../network/address.ts";
import type { Config } from "../../config/server_settings.ts";

/** The start of every HTTP address, such as `https://localhost:8765`. */
export function baseUrl(
  { host, allowedHosts }: Pick<Config, "host" | "allowedHosts">,
  { port, isSecure }: { readonly port: number; readonly isSecure: boolean },
): string {
  // A wildcard address cannot be connected to.
  const isWildcard = ["0.0.0.0", "::", "[::]"].includes(host);
  const [name = host] = isWildcard ? allowedHosts ?? [] : [];
  return `${isSecure ? "https" : "http"}://${hostName(name)}:${port}`;
}

/** The addresses for clients of the protocol. */
export function clientAddresses({ transport }: Pick<Config, "transport">, url: string): string[] {
  return [...(transport === "websocket" ? [webSocketUrl(url)] : []), `${url}/mcp`];
}

/** The WebSocket address for an HTTP address. */
export function webSocketUrl(url: string): string {
  return url.replace(/^http/, "ws");
}
