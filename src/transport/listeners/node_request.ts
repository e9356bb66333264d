import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import { isSameHost, soundUrl } from "./websocket_handshake.ts";

/** The part of a request of `node:http` that matters here. */
type NodeRequest = Pick<IncomingMessage, "method" | "url" | "headers" | "rawHeaders" | "socket">;

/**
 * The web's view of what `node:http` read; `undefined` for an address or headers that cannot be. A header that was sent
 * twice is joined by a comma, also where `node:http` would keep the first alone.
 */
export function webRequest(incoming: NodeRequest, init: RequestInit = {}): Request | undefined {
  const { host } = incoming.headers;
  const target = incoming.url ?? "/";
  const scheme = incoming.socket instanceof TLSSocket ? "https" : "http";
  if (host === undefined || !isSameHost(target, host)) return undefined;
  const url = soundUrl(/^https?:\/\//.test(target) ? target : `${scheme}://${host}${target}`);
  if (url === undefined) return undefined;
  try {
    return new Request(url, { method: incoming.method ?? "GET", ...init, headers: headersOf(incoming) });
  } catch {
    return undefined;
  }
}

function headersOf({ rawHeaders }: NodeRequest): Headers {
  const headers = new Headers();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    headers.append(rawHeaders[index] ?? "", rawHeaders[index + 1] ?? "");
  }
  return headers;
}
