/** A reader of an order's trades, page by page, at any server. */

import { lookUntil } from "../support/look_until.ts";
import type { ServiceCaller } from "./service_caller.ts";

/** Reads of one order, each from where the previous one ended. */
export class FillReader {
  readonly #caller: ServiceCaller;
  readonly #orderId: string;
  readonly #read: number[] = [];
  #next: string | undefined;

  constructor(caller: ServiceCaller, orderId: string) {
    this.#caller = caller;
    this.#orderId = orderId;
  }

  /** Numbers of the trades that were read, in order. */
  get read(): readonly number[] {
    return this.#read;
  }

  /** Reads until these existing trades are known. */
  async untilRead(known: readonly number[]): Promise<void> {
    const look = async () => {
      await this.#readOn();
      return known.filter((number) => !this.#read.includes(number)).length;
    };
    await lookUntil((missing) => missing === 0, look, `trades of order ${this.#orderId} are missing`);
  }

  async #readOn(): Promise<void> {
    const query = this.#next === undefined ? "" : `?after=${this.#next}`;
    const answer = await this.#caller.read(`luno://orders/${this.#orderId}${query}`);
    if (answer === undefined) return;
    this.#read.push(...answer.trades.map(({ sequence }: { sequence: number }) => sequence));
    this.#next = answer.next;
  }
}
