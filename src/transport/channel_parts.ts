/** The parts of a channel: the interfaces of what answers, admits and observes its requests, and its limits. */

import type { JSONRPCMessage, JSONRPCRequest } from "@modelcontextprotocol/server";
import type { Answer } from "../protocol/answer.ts";
import type { KeptSubscription } from "../session/resumption_store.ts";
import type { Awaitable } from "../timing/awaitable.ts";
import type { RpcError } from "./json_rpc.ts";

/** Answers calls without the SDK. */
export interface FastPath {
  /**
   * The answer, possibly a promise; `undefined` when the SDK is to answer. Never rejects. The signal of `cancellation`
   * is created when it is first read.
   */
  take(
    request: JSONRPCRequest,
    cancellation: { readonly signal: AbortSignal },
  ): Awaitable<Answer> | undefined;
}

/** Answers synchronously without the SDK, and decides what the SDK must see. */
export interface ChannelOpening {
  /** A result as JSON; `undefined` when none is ready. */
  answer(request: JSONRPCRequest): string | undefined;
  /** Takes a notification or a response; returns whether the SDK must see it. */
  hear(message: JSONRPCMessage): boolean;
  /** Takes a request that the SDK answers, before it does. */
  pass(request: JSONRPCRequest): void;
}

/** Answers subscription requests, some of them only when the subscription ends. */
export interface SubscriptionPath {
  /** The answer; `undefined` when it is no subscription request. Never rejects. */
  take(request: JSONRPCRequest, signal: AbortSignal): Awaitable<Answer> | undefined;
  /**
   * Restores a subscription of an earlier connection; the result is the answer to its request, if that is still open.
   */
  resume?(subscription: KeptSubscription, signal: AbortSignal): Promise<Answer> | undefined;
  /** Ends subscriptions that are answered at their end. */
  endStreams(): void;
  /** Whether there are subscriptions. */
  readonly isOpen: boolean;
  /** Ends all subscriptions, with the channel. */
  close(): void;
}

/** Answers requests by which the client's next connection can resume this session. */
export interface ResumptionPath {
  /**
   * `resultJson` is the usual answer to an opening; `undefined` for requests that do not ask for resumption. Never
   * rejects.
   */
  answer(request: JSONRPCRequest, resultJson: string | undefined): Awaitable<Answer> | undefined;
  /** Whether the client can resume the session on another connection. */
  readonly isResumable: boolean;
  /** From now on, whatever ends belongs to the end of the connection, not of the session. */
  suspend(): void;
}

/** Observes the events of a channel. */
export interface ChannelObserver {
  received(request: JSONRPCRequest, text: string): void;
  /** It waits for other requests of the connection. */
  queued?(request: JSONRPCRequest): void;
  /** It runs, at once or after waiting. */
  started?(request: JSONRPCRequest): void;
  answered(request: JSONRPCRequest, outcome: { readonly isError: boolean }): void;
  refused(request: JSONRPCRequest | undefined, error: RpcError): void;
}

/** The limits and parts of a channel. */
export interface ChannelOptions {
  /**
   * Concurrent requests.
   *
   * @default 16
   */
  readonly maxInFlight?: number;
  /**
   * Waiting requests; further ones are refused.
   *
   * @default Infinity
   */
  readonly maxQueue?: number;
  /** Returns why a request, or a text that is not a message, is refused; not called for pings and cancellations. */
  readonly admit?: (request?: JSONRPCRequest) => Awaitable<RpcError | undefined>;
  readonly opening?: ChannelOpening;
  readonly fastPath?: FastPath;
  /** Called with the first subscription request. */
  readonly subscriptions?: () => SubscriptionPath;
  readonly resumption?: ResumptionPath;
  readonly observer?: ChannelObserver;
}
