/** Callers on their way through the protocol's library, which hands `AuthInfo` on to the handlers of a request. */

import type { AuthInfo, ServerContext } from "@modelcontextprotocol/server";
import { Caller } from "../../access/caller.ts";

/** Wraps a caller; its token stays where it was read. */
export function toAuthInfo(caller: Caller): AuthInfo {
  return { token: "", clientId: caller.identity, scopes: caller.scopes, extra: { caller } };
}

/**
 * The caller of a request that came over HTTP.
 *
 * @throws {TypeError} when it was not handed over, which no request reaches a handler without
 */
export function callerOfHttp({ http }: Pick<ServerContext, "http">): Caller {
  return callerOf(http);
}

/**
 * The caller that comes along with a message.
 *
 * @throws {TypeError} when it was not handed over
 */
export function callerOf(extra: { readonly authInfo?: AuthInfo | undefined } | undefined): Caller {
  const caller = extra?.authInfo?.extra?.caller;
  if (caller instanceof Caller) return caller;
  throw new TypeError("Cannot answer as no client was authenticated");
}
