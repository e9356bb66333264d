/** Stores a session, so that others can continue it, as its client makes requests and gets answers. */

import type { JSONRPCMessage } from "@modelcontextprotocol/server";
import type { SessionChange, SessionStore, TakenSession } from "../../session/session_store.ts";
import type { Awaitable } from "../../timing/awaitable.ts";
import type { OpenRequest } from "./open_requests.ts";

/** How long a session may be in use before that is recorded again, in milliseconds. */
const TOUCH_MS = 10_000;

/** Why a session ended. */
export type SessionEnd = "deleted" | "ended" | "idle" | "replaced" | "refused" | "shutdown";

/** Reasons that end a session at one server while others may continue it. */
const HERE_ONLY: readonly SessionEnd[] = ["idle", "replaced"];

/** The session to store, and where. */
export interface SessionKeepingOptions {
  readonly id: string;
  readonly identity: string;
  readonly store: SessionStore;
  /** Present when another process had it before. */
  readonly taken: TakenSession | undefined;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** Stores one session. */
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

  /** The parameters of its opening, as JSON; `undefined` before it. */
  get opening(): string | undefined {
    return this.#opening;
  }

  /** The state that another process left; absent when the session began here. */
  get taken(): TakenSession | undefined {
    return this.#options.taken;
  }

  /** URIs of the resources that the client subscribes to. */
  get subscriptions(): ReadonlySet<string> {
    return this.#subscriptions;
  }

  /** Calls `listener` when other servers change it, until the returned function is called. */
  watch(listener: (change: SessionChange) => void): () => void {
    return this.#options.store.watch?.(this.#options.id, listener) ?? (() => {});
  }

  /** A request was answered; a change of the session is stored before the client sees the answer. */
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

  /** It is in use; recorded now, unless that was done recently. */
  touch({ now: isNow = false } = {}): void {
    const { id, store, now } = this.#options;
    const nowMs = now();
    if (!isNow && nowMs - this.#touchedMs < TOUCH_MS) return;
    this.#touchedMs = nowMs;
    void store.touch(id);
  }

  /** It has ended: only here, if others continue it or may, or for all. */
  end(reason: SessionEnd): "kept" | "gone" {
    const { id, store } = this.#options;
    if (reason === "shutdown") this.touch({ now: true });
    if (reason === "shutdown" || (store.watch !== undefined && HERE_ONLY.includes(reason))) return "kept";
    void store.remove(id);
    return "gone";
  }
}
