/** The protocol's own members of a request's `_meta`, and the revision that it names there. */

import { isObject } from "../validation/is_object.ts";

/** The prefix of the protocol's own members of `_meta`. */
export const ENVELOPE = "io.modelcontextprotocol/";

/** The member with the protocol revision of a request of 2026-07-28. */
export const REVISION_KEY = `${ENVELOPE}protocolVersion`;

/** The member with the client's capabilities. */
export const CLIENT_CAPABILITIES_KEY = `${ENVELOPE}clientCapabilities`;

/** The member in which a server identifies itself in each result. */
export const SERVER_INFO_KEY = `${ENVELOPE}serverInfo`;

/** The member with the subscription that a notification belongs to. */
export const SUBSCRIPTION_KEY = `${ENVELOPE}subscriptionId`;

/** The revision without a handshake, whose requests are self-contained. */
export const MODERN_REVISION = "2026-07-28";

/** The revisions that begin with `initialize`, the latest first. */
export const LEGACY_REVISIONS: readonly string[] = [
  "2025-11-25",
  "2025-06-18",
  "2025-03-26",
  "2024-11-05",
  "2024-10-07",
];

/**
 * How a connection is opened: `legacy` by `initialize`, or treated as such; `modern` by requests that name their
 * revision.
 */
export type Era = "legacy" | "modern";

/** The revision that parameters name, whatever its type; `undefined` when they name none. */
export function claimedRevision(params: unknown): unknown {
  return isObject(params) && isObject(params._meta) ? params._meta[REVISION_KEY] : undefined;
}

/** Tells whether parameters name their revision, as requests of 2026-07-28 do. */
export function claimsRevision(params: unknown): boolean {
  return claimedRevision(params) !== undefined;
}
