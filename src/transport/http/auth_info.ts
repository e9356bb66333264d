/** Passes callers through the SDK, which hands `AuthInfo` to the handlers of a request. */

import type { AuthInfo, ServerContext } from "@modelcontextprotocol/server";
import { Caller } from "../../access/caller.ts";

/** Wraps a caller; the token itself is not included. */
export function toAuthInfo(caller: Caller): AuthInfo {
  return { token: "", clientId: caller.identity, scopes: caller.scopes, extra: { caller } };
}

/**
 * The caller of an HTTP request.
 *
 * @throws {TypeError} when it was not passed on, which does not happen in handlers
 */
export function callerOfHttp({ http }: Pick<ServerContext, "http">): Caller {
  return callerOf(http);
}

/**
 * The caller of a message.
 *
 * @throws {TypeError} when it was not passed on
 */
export function callerOf(extra: { readonly authInfo?: AuthInfo | undefined } | undefined): Caller {
  const caller = extra?.authInfo?.extra?.caller;
  if (caller instanceof Caller) return caller;
  throw new TypeError("Cannot answer as no client was authenticated");
}
