/** Somebody who follows the trades of an order from page to page, whichever server answers. */

import { lookUntil } from "../support/look_until.ts";
import type { ServiceCaller } from "./service_caller.ts";

/** Reads of one order, each on from where the one before ended. */
export class FillReader {
  readonly #caller: ServiceCaller;
  readonly #orderId: string;
  readonly #read: number[] = [];
  #next: string | undefined;

  constructor(caller: ServiceCaller, orderId: string) {
    this.#caller = caller;
    this.#orderId = orderId;
  }

  /** Numbers of the trades that were read, in the order in which they came. */
  get read(): readonly number[] {
    return this.#read;
  }

  /** Reads until trades are known that there are already. */
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
