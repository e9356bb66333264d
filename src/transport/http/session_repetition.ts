/** Has the server object of a session hear again what its client asked another one, so that it is where that one is. */

import type { AuthInfo, JSONRPCMessage, JSONRPCRequest, Transport } from "@modelcontextprotocol/server";
import type { OpenRequests } from "./open_requests.ts";
import type { SessionKeeping } from "./session_keeping.ts";

/** How a session is told. */
export interface SessionRepetitionOptions {
  readonly keeping: SessionKeeping;
  readonly requests: OpenRequests;
  /** Hands a message to the SDK. */
  readonly tell: NonNullable<Transport["onmessage"]>;
}

/** For one session. */
export class SessionRepetition {
  readonly #options: SessionRepetitionOptions;

  constructor(options: SessionRepetitionOptions) {
    this.#options = options;
  }

  /** Opens a session as it was opened before, once; answers whether it came to that. */
  async open(authInfo: AuthInfo, isInitialized: () => boolean): Promise<boolean> {
    const { keeping: { opening, taken }, tell } = this.#options;
    if (opening === undefined) return true;
    const isOpen = await this.#ask("initialize", { params: JSON.parse(opening), authInfo });
    if (!isOpen) return false;
    if (isInitialized()) tell({ jsonrpc: "2.0", method: "notifications/initialized" }, { authInfo });
    if (taken !== undefined) await this.watch(taken.subscriptions, authInfo);
    return true;
  }

  /** Has exactly these resources watched. */
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

  /** Answers whether the server took it. */
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
