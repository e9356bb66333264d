/** Where clients reach a network server. */

import { hostName } from "../../network/address.ts";
import type { Config } from "../../config/server_settings.ts";

/** The start of every address over HTTP, such as `https://localhost:8765`. */
export function baseUrl(
  { host, allowedHosts }: Pick<Config, "host" | "allowedHosts">,
  { port, isSecure }: { readonly port: number; readonly isSecure: boolean },
): string {
  // An address that stands for all of a machine is none that anybody connects to.
  const isWildcard = ["0.0.0.0", "::", "[::]"].includes(host);
  const [name = host] = isWildcard ? allowedHosts ?? [] : [];
  return `${isSecure ? "https" : "http"}://${hostName(name)}:${port}`;
}

/** The addresses that clients of the protocol connect to. */
export function clientAddresses({ transport }: Pick<Config, "transport">, url: string): string[] {
  return [...(transport === "websocket" ? [webSocketUrl(url)] : []), `${url}/mcp`];
}

/** The address of the WebSocket, to the one over HTTP. */
export function webSocketUrl(url: string): string {
  return url.replace(/^http/, "ws");
}
