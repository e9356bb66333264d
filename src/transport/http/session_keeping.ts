/** What of a session is kept for whoever may go on with it, as its client asked and was answered. */

import type { JSONRPCMessage } from "@modelcontextprotocol/server";
import type { SessionChange, SessionStore, TakenSession } from "../../session/session_store.ts";
import type { Awaitable } from "../../timing/awaitable.ts";
import type { OpenRequest } from "./open_requests.ts";

/** How long a session may be in use before that is noted again, in milliseconds. */
const TOUCH_MS = 10_000;

/** Why a session ended. */
export type SessionEnd = "deleted" | "ended" | "idle" | "replaced" | "refused" | "shutdown";

/** Reasons that end a session at one server while others may go on with it. */
const HERE_ONLY: readonly SessionEnd[] = ["idle", "replaced"];

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
  #opening: string | undefined;
  #touchedMs: number;

  constructor(options: SessionKeepingOptions) {
    this.#options = options;
    this.#opening = options.taken?.opening;
    this.#touchedMs = options.now();
  }

  /** The parameters with which it was opened, as JSON; `undefined` before that. */
  get opening(): string | undefined {
    return this.#opening;
  }

  /** As another process left it; absent where the session began here. */
  get taken(): TakenSession | undefined {
    return this.#options.taken;
  }

  /** Addresses of the resources that the client watches. */
  get subscriptions(): ReadonlySet<string> {
    return this.#subscriptions;
  }

  /** Has `listener` hear what other servers do to it, until the answered function is called. */
  watch(listener: (change: SessionChange) => void): () => void {
    return this.#options.store.watch?.(this.#options.id, listener) ?? (() => {});
  }

  /** A request was answered; what changes the session is kept when the answer is there, unless it was so before. */
  answered({ request: { method, params = {} }, isRepeated }: OpenRequest, message: JSONRPCMessage): Awaitable<void> {
    if (!("result" in message)) return undefined;
    if (method === "initialize") this.#opening = JSON.stringify(params);
    else if (method === "resources/subscribe") this.#subscriptions.add(String(params.uri));
    else if (method === "resources/unsubscribe") this.#subscriptions.delete(String(params.uri));
    else return undefined;
    if (isRepeated) return undefined;
    const { id, identity, store } = this.#options;
    return store.save({ id, identity, opening: this.#opening ?? "{}", subscriptions: [...this.#subscriptions] });
  }

  /** It is in use; noted at once, or where that was noted a while ago. */
  touch({ now: isNow = false } = {}): void {
    const { id, store, now } = this.#options;
    const nowMs = now();
    if (!isNow && nowMs - this.#touchedMs < TOUCH_MS) return;
    this.#touchedMs = nowMs;
    void store.touch(id);
  }

  /** It has ended: here alone, where others go on with it or may, or for everybody. */
  end(reason: SessionEnd): "kept" | "gone" {
    const { id, store } = this.#options;
    if (reason === "shutdown") this.touch({ now: true });
    if (reason === "shutdown" || (store.watch !== undefined && HERE_ONLY.includes(reason))) return "kept";
    void store.remove(id);
    return "gone";
  }
}
