/**
 * The unanswered requests of one client. Some run, up to a limit, and those beyond it are queued; others, such as
 * subscriptions, count as neither.
 */

import type { JSONRPCRequest, RequestId } from "@modelcontextprotocol/server";
import type { LazyAbort } from "../timing/lazy_abort.ts";
import { RequestQueue } from "./request_queue.ts";

/** An unanswered request. */
export interface PendingRequest {
  readonly request: JSONRPCRequest;
  /** Whether it counts as a concurrent request. */
  readonly isRunning: boolean;
  /** Present when the SDK does not answer it, and it is not queued. */
  readonly cancellation?: LazyAbort;
}

/** By id. */
export class PendingRequests {
  readonly #maxInFlight: number;
  readonly #run: (request: JSONRPCRequest) => void;
  /**
   * Excludes those that are answered synchronously: whenever a map grows, V8 keeps its old table until the next full
   * collection.
   */
  readonly #pending = new Map<RequestId, PendingRequest>();
  readonly #queue = new RequestQueue();
  #running = 0;
  #isRunningQueued = false;

  /** `run` runs a request that was queued. */
  constructor(maxInFlight: number, run: (request: JSONRPCRequest) => void) {
    this.#maxInFlight = maxInFlight;
    this.#run = run;
  }

  /** The number of requests, including queued ones. */
  get size(): number {
    return this.#pending.size;
  }

  /** Whether no further request may run now. */
  get isFull(): boolean {
    return this.#running >= this.#maxInFlight;
  }

  /** The queued ones: how many they are, and the length of their texts. */
  get queued(): { readonly length: number; readonly characters: number } {
    return this.#queue;
  }

  get(id: RequestId): JSONRPCRequest | undefined {
    return this.#pending.get(id)?.request;
  }

  has(id: RequestId): boolean {
    return this.#pending.has(id);
  }

  /** Those that there are now, in the order of arrival. */
  all(): JSONRPCRequest[] {
    return [...this.#pending.values()].map(({ request }) => request);
  }

  /** Adds a request that is not answered synchronously, or a queued one that runs now. */
  add(pending: PendingRequest): void {
    if (pending.isRunning) this.#running++;
    this.#pending.set(pending.request.id, pending);
  }

  /** Adds a request that runs when others are answered. */
  queue(request: JSONRPCRequest, characters: number): void {
    this.add({ request, isRunning: false });
    this.#queue.add(request, characters);
  }

  /** Cancels a request that is queued or that the SDK does not answer; returns whether it was one. */
  cancel(id: RequestId): boolean {
    const cancellation = this.#pending.get(id)?.cancellation;
    cancellation?.abort();
    return this.#queue.remove(id) || cancellation !== undefined;
  }

  /** Removes and returns a request that was answered or cancelled. */
  remove(id: RequestId): JSONRPCRequest | undefined {
    const pending = this.#pending.get(id);
    if (pending === undefined) return undefined;
    this.#pending.delete(id);
    if (pending.isRunning) this.#running--;
    return pending.request;
  }

  /** Runs queued requests up to the limit, one after the other when they are answered synchronously. */
  runQueued(): void {
    if (this.#isRunningQueued) return;
    this.#isRunningQueued = true;
    try {
      while (!this.isFull) {
        const next = this.#queue.next();
        if (next === undefined) break;
        this.#run(next);
      }
    } finally {
      this.#isRunningQueued = false;
    }
  }

  /** Takes requests from the queue, which then never run; they stay unanswered. */
  clearQueue(): JSONRPCRequest[] {
    return this.#queue.clear();
  }

  /** Aborts all that the SDK does not answer. */
  abort(): void {
    for (const { cancellation } of this.#pending.values()) cancellation?.abort();
  }
}
