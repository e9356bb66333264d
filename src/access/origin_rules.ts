/**
 * Which Host and Origin headers are let in, by exact match. Without these rules any page in a browser could reach a
 * server on loopback, by a name that resolves to it or straight across origins.
 */

/** What is allowed; hosts with or without a port, origins as `scheme://host[:port]`. */
export interface OriginRules {
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  /** Whether every port of every loopback name and address is allowed as Host, and pages of that very one as Origin. */
  readonly allowLoopback: boolean;
}

const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"];

const HOST = /^(?<name>\[[0-9a-f:.]{2,45}\]|[a-z0-9](?:[a-z0-9._-]{0,252}))(?::(?<port>\d{1,5}))?$/i;

/** Tells what is wrong with a request's Host or Origin; `undefined` when nothing is. */
export function judgeOrigin(headers: Headers, rules: OriginRules): string | undefined {
  const host = headers.get("host");
  if (host === null || !isAllowedHost(host, rules)) return "Host is not allowed";
  const origin = headers.get("origin");
  if (origin !== null && !isAllowedOrigin(origin, host, rules)) return "Origin is not allowed";
  return undefined;
}

function isAllowedHost(host: string, { allowedHosts, allowLoopback }: OriginRules): boolean {
  const match = HOST.exec(host);
  const name = match?.groups?.name?.toLowerCase();
  if (name === undefined) return false;
  if (allowLoopback && LOOPBACK_NAMES.includes(name)) return true;
  return allowedHosts.some((allowed) => [name, host.toLowerCase()].includes(allowed.toLowerCase()));
}

function isAllowedOrigin(origin: string, host: string, { allowedOrigins, allowLoopback }: OriginRules): boolean {
  const url = URL.parse(origin);
  // An origin is scheme, host and port and nothing else; `null` and anything with a path or user is none.
  if (url === null || url.origin !== origin.toLowerCase()) return false;
  // The server's own pages. Those of another port are another program's, on whose word nothing may happen.
  const isOwn = /^https?:$/.test(url.protocol) && LOOPBACK_NAMES.includes(url.hostname) &&
    url.host === host.toLowerCase();
  if (allowLoopback && isOwn) return true;
  return allowedOrigins.some((allowed) => allowed.toLowerCase() === url.origin);
}
