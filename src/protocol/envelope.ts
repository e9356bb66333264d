/** What requests carry in `_meta` for the protocol itself, and which revision they name there. */

import { isObject } from "../validation/is_object.ts";

/** What begins the protocol's own members of `_meta`. */
export const ENVELOPE = "io.modelcontextprotocol/";

/** The member that names the revision of a request of 2026-07-28. */
export const REVISION_KEY = `${ENVELOPE}protocolVersion`;

/** The member in which such a request says what its client can do. */
export const CLIENT_CAPABILITIES_KEY = `${ENVELOPE}clientCapabilities`;

/** The member in which a server names itself with each result. */
export const SERVER_INFO_KEY = `${ENVELOPE}serverInfo`;

/** The member that names the subscription to which a notification belongs. */
export const SUBSCRIPTION_KEY = `${ENVELOPE}subscriptionId`;

/** The revision whose requests each stand alone. */
export const MODERN_REVISION = "2026-07-28";

/** The revisions that are opened by `initialize`, the latest first. */
export const LEGACY_REVISIONS: readonly string[] = [
  "2025-11-25",
  "2025-06-18",
  "2025-03-26",
  "2024-11-05",
  "2024-10-07",
];

/** How a connection was opened: by `initialize` or as if by it, or by requests that name their revision. */
export type Era = "legacy" | "modern";

/** The revision that parameters name, whatever is there in its place; `undefined` where they name none. */
export function claimedRevision(params: unknown): unknown {
  return isObject(params) && isObject(params._meta) ? params._meta[REVISION_KEY] : undefined;
}

/** Whether parameters name the revision that they are written for, as those of 2026-07-28 do. */
export function claimsRevision(params: unknown): boolean {
  return claimedRevision(params) !== undefined;
}
