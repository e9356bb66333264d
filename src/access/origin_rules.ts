/**
 * Which Host and Origin headers are allowed, by exact match. Without these rules any web page could reach a server on
 * loopback, through a name that resolves to it or by a cross-origin request.
 */

import type { HeaderFields } from "../network/header_fields.ts";
import { remembered } from "../network/remembered.ts";

/** What is allowed; hosts with or without a port, origins as `scheme://host[:port]`. */
export interface OriginRules {
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  /**
   * Whether every port of every loopback name and address is allowed as Host, and pages of the same origin as Origin.
   */
  readonly allowLoopback: boolean;
}

const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"];

/** How much of a rejected header is shown to the operator, in characters. */
const MAX_SHOWN = 200;

const HOST = /^(?:\[[0-9a-f:.]{2,45}\]|[a-z0-9](?:[a-z0-9._-]{0,252}))(?::\d{1,5})?$/i;
const PORT = /:\d+$/;

/** A header that is not allowed. */
export interface RefusedOrigin {
  readonly header: "Host" | "Origin";
  /** Its value, truncated to 200 characters; empty when the header is missing. */
  readonly value: string;
  /** The flag that would allow it. */
  readonly allowedBy: "--allowed-hosts" | "--allowed-origins";
}

/** Returns the Host or Origin header of a request that is not allowed; `undefined` when both are. */
export function checkOrigin(headers: HeaderFields, rules: OriginRules): RefusedOrigin | undefined {
  const host = headers.get("host") ?? "";
  const origin = headers.get("origin");
  if (origin !== null && !isAllowedOrigin({ origin, host }, rules)) {
    return { header: "Origin", value: origin.slice(0, MAX_SHOWN), allowedBy: "--allowed-origins" };
  }
  if (hostsOf(rules)(host)) return undefined;
  return { header: "Host", value: host.slice(0, MAX_SHOWN), allowedBy: "--allowed-hosts" };
}

/** Cached checks of `Host`, by the rules of a server. */
const kept = new WeakMap<OriginRules, (host: string) => boolean>();

function hostsOf(rules: OriginRules): (host: string) => boolean {
  const known = kept.get(rules);
  if (known !== undefined) return known;
  const isAllowed = remembered((host) => isAllowedHost(host, rules));
  kept.set(rules, isAllowed);
  return isAllowed;
}

function isAllowedHost(host: string, { allowedHosts, allowLoopback }: OriginRules): boolean {
  if (!HOST.test(host)) return false;
  const whole = host.toLowerCase();
  const name = whole.replace(PORT, "");
  if (allowLoopback && LOOPBACK_NAMES.includes(name)) return true;
  return allowedHosts.some((allowed) => [name, whole].includes(allowed.toLowerCase()));
}

function isAllowedOrigin(
  { origin, host }: { origin: string; host: string },
  { allowedOrigins, allowLoopback }: OriginRules,
): boolean {
  const url = URL.parse(origin);
  // An origin is scheme, host and port and nothing else; `null` and anything with a path or user is not one.
  if (url === null || url.origin !== origin.toLowerCase()) return false;
  // Pages of the server itself. Another port of the host belongs to another program, which must have no influence.
  const isOwn = /^https?:$/.test(url.protocol) && LOOPBACK_NAMES.includes(url.hostname) &&
    url.host === host.toLowerCase();
  if (allowLoopback && isOwn) return true;
  return allowedOrigins.some((allowed) => allowed.toLowerCase() === url.origin);
}
