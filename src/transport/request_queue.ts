/** Requests of one client that wait for their turn, in the order in which they came. */

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

  /** Of all texts that wait. */
  get characters(): number {
    return this.#characters;
  }

  add(request: JSONRPCRequest, characters: number): void {
    this.#waiting.push({ request, characters });
    this.#characters += characters;
  }

  /** Takes the request whose turn it is. */
  next(): JSONRPCRequest | undefined {
    return this.#take(0);
  }

  /** Takes the request with this id; answers whether it waited. */
  remove(id: RequestId): boolean {
    const at = this.#waiting.findIndex(({ request }) => request.id === id);
    return at >= 0 && this.#take(at) !== undefined;
  }

  /** Takes all. */
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
