/** The unanswered requests of one session, and where their answers go. Each is answered once, or cancelled. */

import type { JSONRPCMessage, JSONRPCRequest, RequestId } from "@modelcontextprotocol/server";
import type { Answer } from "../../protocol/answer.ts";
import type { EventStream } from "./event_stream.ts";
import type { RunningCall } from "./running_call.ts";
import { CANCELLED } from "./session_answers.ts";

const CANCELLED_ANSWER = { error: CANCELLED };

/** A request, and where its answer goes. */
export interface OpenRequest {
  readonly request: JSONRPCRequest;
  readonly stream?: EventStream;
  /** Called with the answer; `undefined` when there will be none. */
  readonly answer?: (answer: JSONRPCMessage | undefined) => void;
  /**
   * Answered without the SDK, which does not know of it.
   *
   * @default false
   */
  readonly isPlain?: boolean;
  /**
   * The client made it to an earlier server object.
   *
   * @default false
   */
  readonly isRepeated?: boolean;
}

/** By id; each id is in use at most once. */
export class OpenRequests {
  readonly #tellServer: (notification: JSONRPCMessage) => void;
  readonly #requests = new Map<RequestId, OpenRequest>();

  /** `tellServer` notifies the SDK of a cancelled request. */
  constructor(tellServer: (notification: JSONRPCMessage) => void) {
    this.#tellServer = tellServer;
  }

  get size(): number {
    return this.#requests.size;
  }

  get(id: RequestId): OpenRequest | undefined {
    return this.#requests.get(id);
  }

  /** Requests whose answers go to a stream. */
  of(stream: EventStream): OpenRequest | undefined {
    return [...this.#requests.values()].find((candidate) => candidate.stream === stream);
  }

  add(open: OpenRequest): void {
    this.#requests.set(open.request.id, open);
  }

  /** Waits for a plain call, which can be cancelled or end with all others. */
  async run(request: JSONRPCRequest, running: RunningCall): Promise<Answer> {
    const open: OpenRequest = {
      request,
      isPlain: true,
      answer: (message) =>
        running.end(message !== undefined && "error" in message ? { error: message.error } : CANCELLED_ANSWER),
    };
    this.add(open);
    const answer = await running.answer ?? CANCELLED_ANSWER;
    if (this.#requests.get(request.id) === open) this.#requests.delete(request.id);
    return answer;
  }

  /** Answers a request. */
  deliver({ request, stream, answer }: OpenRequest, message: JSONRPCMessage): void {
    this.#requests.delete(request.id);
    stream?.send(message);
    stream?.end();
    answer?.(message);
  }

  /** Answers all of them. */
  deliverAll(messageFor: (id: RequestId) => JSONRPCMessage): void {
    for (const open of [...this.#requests.values()]) this.deliver(open, messageFor(open.request.id));
  }

  /** The client has left: the answer is dropped. */
  abandon(id: RequestId): void {
    const params = { requestId: id, reason: "The client left" };
    this.cancel(id, { jsonrpc: "2.0", method: "notifications/cancelled", params });
  }

  /**
   * Ends a request without an answer. The SDK aborts the request with this id shortly after it is notified, so it is
   * only notified of running requests, and the id becomes free only then.
   */
  cancel(id: RequestId, notification: JSONRPCMessage): void {
    const open = this.#requests.get(id);
    if (open === undefined) return;
    if (open.isPlain) {
      this.#requests.delete(id);
      return open.answer?.(undefined);
    }
    this.#tellServer(notification);
    queueMicrotask(() => {
      if (this.#requests.get(id) !== open) return;
      this.#requests.delete(id);
      open.stream?.end();
      open.answer?.(undefined);
    });
  }
}
