/** What of a session is kept for whoever may go on with it, as its client asked and was answered. */

import type { JSONRPCMessage, JSONRPCRequest } from "@modelcontextprotocol/server";
import type { SessionStore, TakenSession } from "../../session/session_store.ts";
import type { Awaitable } from "../../timing/awaitable.ts";

/** How long a session may be in use before that is noted again, in milliseconds. */
const TOUCH_MS = 10_000;

/** Whose session is kept, and where. */
export interface SessionKeepingOptions {
  readonly id: string;
  readonly identity: string;
  readonly store: SessionStore;
  /** Present where another process had it before. */
  readonly taken: TakenSession | undefined;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** Of one session. */
export class SessionKeeping {
  readonly #options: SessionKeepingOptions;
  readonly #subscriptions = new Set<string>();
  #opening = "{}";
  #touchedMs: number;

  constructor(options: SessionKeepingOptions) {
    this.#options = options;
    this.#touchedMs = options.now();
  }

  /** What a new server has to hear again to be where the client believes it to be: first of all its opening. */
  get repetitions(): readonly { readonly method: string; readonly params: Record<string, unknown> }[] {
    const { taken } = this.#options;
    if (taken === undefined) return [];
    return [
      { method: "initialize", params: JSON.parse(taken.opening) },
      ...taken.subscriptions.map((uri) => ({ method: "resources/subscribe", params: { uri } })),
    ];
  }

  /** A request was answered; what changes the session is kept when the answer is there. */
  answered({ method, params = {} }: JSONRPCRequest, message: JSONRPCMessage): Awaitable<void> {
    if (!("result" in message)) return undefined;
    if (method === "initialize") this.#opening = JSON.stringify(params);
    else if (method === "resources/subscribe") this.#subscriptions.add(String(params.uri));
    else if (method === "resources/unsubscribe") this.#subscriptions.delete(String(params.uri));
    else return undefined;
    const { id, identity, store } = this.#options;
    return store.save({ id, identity, opening: this.#opening, subscriptions: [...this.#subscriptions] });
  }

  /** It is in use; noted at once, or where that was noted a while ago. */
  touch({ now: isNow = false } = {}): void {
    const { id, store, now } = this.#options;
    const nowMs = now();
    if (!isNow && nowMs - this.#touchedMs < TOUCH_MS) return;
    this.#touchedMs = nowMs;
    void store.touch(id);
  }

  /** It has ended for everybody. */
  remove(): void {
    void this.#options.store.remove(this.#options.id);
  }
}
