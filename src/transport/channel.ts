/**
 * The messages of one client, independent of what carries them: parses texts, keeps order and limits, answers what does
 * not need the SDK, and is the SDK's transport for the rest.
 *
 * Requests of one client run concurrently up to a limit, wait in a queue up to another, and are refused beyond that.
 * Pings, handshakes and cancellations never wait. `stdio.ts` and `websocket.ts` carry the texts.
 */

import type { JSONRPCMessage, JSONRPCRequest, RequestId, Transport } from "@modelcontextprotocol/server";
import { getLogger } from "../logging/logger.ts";
import type { Answer } from "../protocol/answer.ts";
import { inRevisionOf } from "../protocol/revision.ts";
import { findInvalidMeta, findInvalidParams } from "../protocol/invalid_params.ts";
import { isSubscriptionRequest } from "../protocol/resource_subscriptions.ts";
import type { KeptSubscription } from "../session/resumption_store.ts";
import { whenAnswered } from "../timing/awaitable.ts";
import type { Awaitable } from "../timing/awaitable.ts";
import type { ChannelOptions, SubscriptionPath } from "./channel_parts.ts";
import { ENDING, failedAnswer, ID_IN_USE, queueFull, UNFINISHED } from "./channel_refusals.ts";
import { HeldTexts } from "./held_texts.ts";
import { answerText, cancelledId, invalidParams, isRequest, readText } from "./json_rpc.ts";
import type { RpcError } from "./json_rpc.ts";
import { LazyAbort } from "../timing/lazy_abort.ts";
import { PendingRequests } from "./pending_requests.ts";
import { settledWithin } from "./settled.ts";

const log = getLogger(["luno-mcp-server", "channel"]);

/** Requests that never wait for others, because a busy client needs them most. */
const PROMPT_METHODS = new Set(["ping", "initialize", "server/discover"]);

/** The request of a stream of revision 2026-07-28. */
const LISTEN_METHOD = "subscriptions/listen";

/** The most that may be unread by a client that counts as reading, in characters or bytes. */
const READING_LIMIT = 65_536;

/** How a request ended, for observers. */
interface Outcome {
  readonly isError: boolean;
}

// Every request ends with one of these two, so they are not created anew.
const SUCCESS: Outcome = { isError: false };
const FAILURE: Outcome = { isError: true };

function outcomeOf(answer: object): Outcome {
  return "error" in answer ? FAILURE : SUCCESS;
}

/** One client's messages. */
export abstract class Channel implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;

  readonly #options: ChannelOptions & { readonly maxInFlight: number; readonly maxQueue: number };
  readonly #requests: PendingRequests;
  readonly #held = new HeldTexts((text) => this.receive(text));
  /** Resolved at the next change, if something waits for one. */
  #change: PromiseWithResolvers<void> | undefined;
  #subscriptions: SubscriptionPath | undefined;
  #isEnding = false;
  #closed = false;

  constructor(options: ChannelOptions = {}) {
    this.#options = { maxInFlight: 16, maxQueue: Infinity, ...options };
    this.#requests = new PendingRequests(this.#options.maxInFlight, (request) => this.#run(request));
  }

  /** Sends one message to the client. */
  protected abstract write(text: string): void;

  /** Ends the connection; called once, when the channel is closed from either side. */
  protected abstract end(): void;

  abstract start(): Promise<void>;

  /** Whether the connection has ended. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** What the client has not read yet, in characters or bytes. */
  protected abstract get unread(): number;

  /** Whether the client reads what it is sent. */
  get isReading(): boolean {
    return this.unread < READING_LIMIT;
  }

  /** Whether the client has subscriptions. */
  protected get isSubscribed(): boolean {
    return this.#subscriptions?.isOpen ?? false;
  }

  /** The number of unanswered requests, including queued ones. */
  get pending(): number {
    return this.#requests.size;
  }

  /** Takes a text of the client. */
  receive(text: string): void {
    if (this.#closed || this.#held.keep(text)) return;
    const read = readText(text);
    if (read.kind === "refused") return read.ids.forEach((id) => this.#refuseUnread(id, read.error));
    if (isRequest(read.message)) return this.#receiveRequest(read.message, text);
    this.#receiveOther(read.message);
  }

  /** Takes a notification or a response; an invalid one is ignored. */
  #receiveOther(message: JSONRPCMessage): void {
    const problem = "params" in message ? findInvalidMeta(message.params) : undefined;
    if (problem !== undefined) return log.debug("message ignored", { problem });
    const cancelled = cancelledId(message);
    // The SDK would ignore it too, but could abort a later request with the same id.
    if (cancelled !== undefined && !this.#requests.has(cancelled)) return;
    if (cancelled === undefined || !this.#requests.cancel(cancelled)) this.#tell(message);
    if (cancelled !== undefined) this.#settle(cancelled, SUCCESS);
  }

  /** Texts that are not messages count against the limit like requests. */
  #refuseUnread(id: RequestId | null, error: RpcError): void {
    void whenAnswered(this.#options.admit?.(), (refusal) => this.refuse(id, refusal ?? error));
  }

  /** Answers with an error; `null` when the request's id is unknown. */
  refuse(id: RequestId | null, error: RpcError, request?: JSONRPCRequest): void {
    log.debug("request refused", { request_id: id, rpc_code: error.code, reason: error.message });
    this.#options.observer?.refused(request, error);
    this.#write(id, { error });
  }

  /** Sends a message of the SDK. */
  send(message: JSONRPCMessage): Promise<void> {
    const request = "method" in message || message.id === undefined ? undefined : this.#requests.get(message.id);
    if (request === undefined) this.#send(JSON.stringify(message));
    else this.#sendAnswer(request, message);
    return Promise.resolve();
  }

  #sendAnswer(request: JSONRPCRequest, answer: JSONRPCMessage): void {
    this.#send(JSON.stringify(inRevisionOf(request, answer)));
    this.#settle(request.id, outcomeOf(answer));
  }

  /**
   * Refuses new requests and waits for the others, at most `timeoutMs`, or while at least one is answered in each such
   * period; returns whether all were.
   */
  async drain(timeoutMs: number, { whileAnswering = false } = {}): Promise<boolean> {
    this.#isEnding = true;
    if (this.#options.resumption?.isResumable) this.#suspend();
    else this.#subscriptions?.endStreams();
    const quiet = this.quiet();
    for (;;) {
      const before = this.#requests.size;
      if (await settledWithin([quiet], timeoutMs)) return !this.#closed;
      if (!whileAnswering || this.#requests.size === before) return false;
    }
  }

  /** Restores the client's subscriptions from an earlier connection. */
  resume(subscriptions: readonly KeptSubscription[]): void {
    if (this.#closed) return;
    this.#subscriptions ??= this.#options.subscriptions?.();
    for (const subscription of subscriptions) {
      const cancellation = new LazyAbort();
      const { kind } = subscription;
      // The client has reused the id for a new request.
      if (kind === "listen" && this.#requests.has(subscription.id)) continue;
      const answer = this.#subscriptions?.resume?.(subscription, cancellation.signal);
      if (kind !== "listen" || answer === undefined) continue;
      const request: JSONRPCRequest = { jsonrpc: "2.0", id: subscription.id, method: LISTEN_METHOD };
      this.#options.observer?.received(request, "");
      this.#answerOf(request, answer, cancellation);
    }
  }

  /** Leaves streams unanswered: they continue on the client's next connection. */
  #suspend(): void {
    this.#options.resumption?.suspend();
    for (const { id, method } of this.#requests.all()) {
      if (method === LISTEN_METHOD && this.#requests.cancel(id)) this.#settle(id, SUCCESS);
    }
  }

  /** Aborts all unanswered requests and answers them with an error, while the client can still receive it. */
  abandon(): void {
    const waiting = new Set(this.#requests.clearQueue());
    for (const request of this.#requests.all()) {
      const { id } = request;
      const params = { requestId: id, reason: "The server ends" };
      if (!waiting.has(request) && !this.#requests.cancel(id)) {
        this.onmessage?.({ jsonrpc: "2.0", method: "notifications/cancelled", params });
      }
      this.#write(id, { error: waiting.has(request) ? ENDING : UNFINISHED });
      this.#settle(id, FAILURE);
    }
  }

  /** Resolves when all requests are answered, or the connection has ended. */
  protected async quiet(): Promise<void> {
    while ((this.#requests.size > 0 || this.#held.isHolding) && !this.#closed) await this.#changed();
  }

  /** Resolves when no more than `characters` of requests are queued; for carriers that can slow down their client. */
  protected async room(characters: number): Promise<void> {
    while (this.#requests.queued.characters > characters && !this.#closed) await this.#changed();
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    this.#requests.clearQueue();
    this.#requests.abort();
    this.#subscriptions?.close();
    this.#wake();
    this.end();
    this.onclose?.();
    return Promise.resolve();
  }

  #receiveRequest(request: JSONRPCRequest, text: string): void {
    const { admit, observer } = this.#options;
    observer?.received(request, text);
    if (this.#requests.has(request.id)) return this.refuse(request.id, ID_IN_USE, request);
    const refusal = this.#isEnding ? ENDING : request.method === "ping" ? undefined : admit?.(request);
    if (!(refusal instanceof Promise)) return this.#admit(request, { text, refusal });
    this.#held.until(refusal, (refusal) => {
      if (this.#closed) return;
      this.#admit(request, { text, refusal: this.#isEnding ? ENDING : refusal });
      this.#wake();
    });
  }

  #admit(request: JSONRPCRequest, { text, refusal }: { text: string; refusal: RpcError | undefined }): void {
    const { maxInFlight, maxQueue, opening, resumption } = this.#options;
    if (refusal !== undefined) return this.refuse(request.id, refusal, request);
    const problem = findInvalidParams(request);
    if (problem !== undefined) return this.refuse(request.id, invalidParams(problem), request);
    const isPrompt = PROMPT_METHODS.has(request.method);
    const isWaiting = !isPrompt && this.#requests.isFull;
    if (isWaiting && this.#requests.queued.length >= maxQueue) {
      return this.refuse(request.id, queueFull(maxInFlight, maxQueue), request);
    }
    if (isSubscriptionRequest(request) && this.#subscribe(request)) return;
    const resultJson = opening?.answer(request);
    const resumed = resumption?.answer(request, resultJson);
    if (resumed !== undefined) this.#answerOf(request, resumed, new LazyAbort());
    else if (resultJson !== undefined) this.#answer(request, { resultJson });
    else if (isPrompt) this.#pass(request, { isRunning: false });
    else if (!isWaiting) this.#run(request);
    else {
      this.#requests.queue(request, text.length);
      this.#options.observer?.queued?.(request);
    }
  }

  /** Runs a request. One that is answered synchronously does not count as concurrent. */
  #run(request: JSONRPCRequest): void {
    const { observer, fastPath } = this.#options;
    observer?.started?.(request);
    const cancellation = new LazyAbort();
    const answer = fastPath?.take(request, cancellation);
    if (answer !== undefined && !(answer instanceof Promise)) return this.#answer(request, answer);
    if (answer === undefined) return this.#pass(request, { isRunning: true });
    this.#requests.add({ request, isRunning: true, cancellation });
    this.#answerLater(request, answer, cancellation);
  }

  /** Subscription requests do not count as concurrent calls: they take no time, or as long as the client likes. */
  #subscribe(request: JSONRPCRequest): boolean {
    const cancellation = new LazyAbort();
    this.#subscriptions ??= this.#options.subscriptions?.();
    const answer = this.#subscriptions?.take(request, cancellation.signal);
    if (answer === undefined) return false;
    this.#options.observer?.started?.(request);
    this.#answerOf(request, answer, cancellation);
    return true;
  }

  #answerOf(request: JSONRPCRequest, answer: Awaitable<Answer>, cancellation: LazyAbort): void {
    if (!(answer instanceof Promise)) return this.#answer(request, answer);
    this.#requests.add({ request, isRunning: false, cancellation });
    this.#answerLater(request, answer, cancellation);
  }

  #answerLater(request: JSONRPCRequest, answer: Promise<Answer>, cancellation: LazyAbort): void {
    const finish = (answer: Answer) => {
      if (!cancellation.isAborted && !this.#closed) this.#answer(request, answer);
    };
    // Answers never reject; should one do so, it ends its request and not the process.
    answer.then(finish, (error) => finish(failedAnswer(request, error)));
  }

  #answer(request: JSONRPCRequest, answer: Answer): void {
    this.#write(request.id, answer);
    const outcome = outcomeOf(answer);
    if (this.#requests.has(request.id)) this.#settle(request.id, outcome);
    else this.#options.observer?.answered(request, outcome);
  }

  /** Leaves a request to the SDK, which is first given the opening. */
  #pass(request: JSONRPCRequest, { isRunning }: { isRunning: boolean }): void {
    this.#requests.add({ request, isRunning });
    this.onmessage?.(request);
    this.#options.opening?.pass(request);
  }

  #tell(message: JSONRPCMessage): void {
    if (this.#options.opening?.hear(message) !== false) this.onmessage?.(message);
  }

  #settle(id: RequestId, outcome: Outcome): void {
    const request = this.#requests.remove(id);
    if (request === undefined) return;
    this.#options.observer?.answered(request, outcome);
    this.#requests.runQueued();
    this.#wake();
  }

  #changed(): Promise<void> {
    this.#change ??= Promise.withResolvers<void>();
    return this.#change.promise;
  }

  #wake(): void {
    this.#change?.resolve();
    this.#change = undefined;
  }

  #write(id: RequestId | null, answer: Answer): void {
    this.#send(answerText(id, answer));
  }

  #send(text: string): void {
    if (!this.#closed) this.write(text);
  }
}
