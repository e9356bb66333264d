/** Queued requests of one client, in the order of arrival. */

import type { JSONRPCRequest, RequestId } from "@modelcontextprotocol/server";

interface Waiting {
  readonly request: JSONRPCRequest;
  readonly characters: number;
}

/** The queue. */
export class RequestQueue {
  #waiting: Waiting[] = [];
  #characters = 0;

  get length(): number {
    return this.#waiting.length;
  }

  /** The length of all queued texts. */
  get characters(): number {
    return this.#characters;
  }

  add(request: JSONRPCRequest, characters: number): void {
    this.#waiting.push({ request, characters });
    this.#characters += characters;
  }

  /** Removes and returns the next request. */
  next(): JSONRPCRequest | undefined {
    return this.#take(0);
  }

  /** Removes the request with this id; returns whether it was queued. */
  remove(id: RequestId): boolean {
    const at = this.#waiting.findIndex(({ request }) => request.id === id);
    return at >= 0 && this.#take(at) !== undefined;
  }

  /** Removes and returns all. */
  clear(): JSONRPCRequest[] {
    const all = this.#waiting.map(({ request }) => request);
    this.#waiting = [];
    this.#characters = 0;
    return all;
  }

  #take(at: number): JSONRPCRequest | undefined {
    const [taken] = this.#waiting.splice(at, 1);
    this.#characters -= taken?.characters ?? 0;
    return taken?.request;
  }
}
