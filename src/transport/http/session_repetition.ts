/**
 * Repeats to a session's new server object what its client told an earlier one, so that it gets into the same state.
 */

import type { AuthInfo, JSONRPCMessage, JSONRPCRequest, Transport } from "@modelcontextprotocol/server";
import type { OpenRequests } from "./open_requests.ts";
import type { SessionKeeping } from "./session_keeping.ts";

/** How to reach the server object. */
export interface SessionRepetitionOptions {
  readonly keeping: SessionKeeping;
  readonly requests: OpenRequests;
  /** Passes a message to the SDK. */
  readonly tell: NonNullable<Transport["onmessage"]>;
}

/** For one session. */
export class SessionRepetition {
  readonly #options: SessionRepetitionOptions;

  constructor(options: SessionRepetitionOptions) {
    this.#options = options;
  }

  /** Opens a session as it was opened before, once; returns whether that succeeded. */
  async open(authInfo: AuthInfo, isInitialized: () => boolean): Promise<boolean> {
    const { keeping: { opening, taken }, tell } = this.#options;
    if (opening === undefined) return true;
    const isOpen = await this.#ask("initialize", { params: JSON.parse(opening), authInfo });
    if (!isOpen) return false;
    if (isInitialized()) tell({ jsonrpc: "2.0", method: "notifications/initialized" }, { authInfo });
    if (taken !== undefined) await this.watch(taken.subscriptions, authInfo);
    return true;
  }

  /** Sets the subscribed resources. */
  async watch(uris: readonly string[], authInfo: AuthInfo): Promise<void> {
    const { subscriptions } = this.#options.keeping;
    const before = [...subscriptions];
    for (const uri of uris.filter((uri) => !before.includes(uri))) {
      await this.#ask("resources/subscribe", { params: { uri }, authInfo });
    }
    for (const uri of before.filter((uri) => !uris.includes(uri))) {
      await this.#ask("resources/unsubscribe", { params: { uri }, authInfo });
    }
  }

  /** Returns whether the server accepted it. */
  #ask(
    method: string,
    { params, authInfo }: { readonly params: Record<string, unknown>; readonly authInfo: AuthInfo },
  ): Promise<boolean> {
    const { requests, tell } = this.#options;
    const request: JSONRPCRequest = { jsonrpc: "2.0", id: `repeated ${crypto.randomUUID()}`, method, params };
    return new Promise((resolve) => {
      const answer = (message: JSONRPCMessage | undefined) => resolve(message !== undefined && "result" in message);
      requests.add({ request, answer, isRepeated: true });
      tell(request, { authInfo });
    });
  }
}
