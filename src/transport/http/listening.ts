/**
 * Subscriptions over HTTP in revision 2026-07-28: a request that is answered by a stream of changes until its client
 * leaves.
 */

import type { JSONRPCMessage, JSONRPCRequest } from "@modelcontextprotocol/server";
import type { CallerFacts } from "../../access/caller.ts";
import type { Answer } from "../../protocol/answer.ts";
import type { Era } from "../../protocol/envelope.ts";
import type { EventLog } from "../../session/event_log.ts";
import { whenAnswered } from "../../timing/awaitable.ts";
import type { SubscriptionPath } from "../channel_parts.ts";
import type { HttpRequest } from "../listeners/http_request.ts";
import { formsOf } from "./accept.ts";
import { EventStream } from "./event_stream.ts";
import { notAcceptable } from "./session_answers.ts";
import { EVENT_HEADERS } from "./session_streams.ts";
import { watchBody } from "./watched_body.ts";

/** A client, for its subscriptions. */
export interface Subscriber {
  readonly caller: CallerFacts;
  readonly era: Era;
  /** Sends a notification; dropped when nobody reads. */
  readonly send: (notification: JSONRPCMessage) => void;
  /** Whether the client reads what it is sent. */
  readonly isReading: () => boolean;
}

/** Creates the subscriptions of one client. */
export type Subscribe = (subscriber: Subscriber) => SubscriptionPath;

/** These streams cannot be continued. */
const NO_LOG: EventLog = {
  begin: () => undefined,
  append: () => undefined,
  end: () => undefined,
  read: () => undefined,
  remove: () => undefined,
};

/** The open streams; ends them with the server. */
export class Listening {
  readonly #subscribe: Subscribe;
  readonly #keepAliveMs: number;
  readonly #open = new Set<SubscriptionPath>();

  constructor(subscribe: Subscribe, { keepAliveMs }: { readonly keepAliveMs: number }) {
    this.#subscribe = subscribe;
    this.#keepAliveMs = keepAliveMs;
  }

  /** Answers a valid `subscriptions/listen`. */
  answer(request: HttpRequest, message: JSONRPCRequest, caller: CallerFacts): Response {
    if (formsOf(request.headers.get("accept")).events === 0) return notAcceptable(message);
    const stream = new EventStream({ name: "0", isResumable: false, keepAliveMs: this.#keepAliveMs, log: NO_LOG });
    const left = new AbortController();
    const body = new Response(stream.read(), { headers: EVENT_HEADERS });
    const response = watchBody(body, request.signal, () => left.abort());
    const subscriptions = this.#subscribe({
      caller,
      era: "modern",
      send: (notification) => stream.send(notification),
      isReading: () => stream.isTaken,
    });
    this.#open.add(subscriptions);
    void whenAnswered(subscriptions.take(message, left.signal) ?? NOTHING, (answer) => {
      stream.send(answerMessage(message, answer));
      stream.end();
      subscriptions.close();
      this.#open.delete(subscriptions);
    });
    return response;
  }

  /** Completes every stream. */
  close(): void {
    for (const subscriptions of this.#open) subscriptions.endStreams();
  }
}

const NOTHING: Answer = { result: {} };

/** An answer as a message. */
export function answerMessage({ id }: JSONRPCRequest, answer: Answer): JSONRPCMessage {
  if ("error" in answer) return { jsonrpc: "2.0", id, error: answer.error };
  const result = "resultJson" in answer ? JSON.parse(answer.resultJson) : answer.result;
  return { jsonrpc: "2.0", id, result };
}
