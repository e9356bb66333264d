/** Whether an `Upgrade` header includes WebSocket; a server may ignore all other protocols (RFC 9110, section 7.8). */
export function offersWebSocket(upgrade: string | null | undefined): boolean {
  return upgrade?.split(",").some(isWebSocket) ?? false;
}

/** Whether a protocol in an `Upgrade` header is WebSocket. */
export function isWebSocket(protocol: string): boolean {
  return protocol.trim().toLowerCase() === "websocket";
}
