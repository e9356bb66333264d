/** The owner of the account that servers trade on, who also trades directly, and what the exchange reports of that. */

import Big from "big.js";
import { ExchangeClient } from "../../src/exchange/client.ts";
import type { FaultyExchange, WireFault } from "../trading/faulty_exchange.ts";
import { lookUntil } from "../support/look_until.ts";
import type { RunningServer } from "./servers.ts";

const PAIR = "XBTZAR";

/** More than the market ever bids for down to a low price. */
const SOLD_AT_ONCE = "40";

/** Paths of look-ups of one order. */
const LOOK_UP = /^\/api\/(1\/orders\/|exchange\/2\/orders\/|exchange\/3\/order$)/;

/** Breaks the connection of every look-up of an order from now on; `fault` decides about all other requests. */
export function breakLookUps(exchange: FaultyExchange, fault: FaultyExchange["fault"] = () => undefined): void {
  const cut: WireFault = { kind: "cut", when: "before" };
  exchange.fault = (seen) => LOOK_UP.test(seen.path) ? cut : fault(seen);
}

/** How many look-ups of an order have reached the exchange. */
export function lookUpsAt({ seen }: FaultyExchange): number {
  return seen.filter(({ path }) => LOOK_UP.test(path)).length;
}

/** Orders of the owner, placed without a server. */
export class AccountOwner {
  readonly #client: ExchangeClient;

  constructor(exchange: FaultyExchange) {
    exchange.deposit("XBT", SOLD_AT_ONCE);
    this.#client = exchange.connect({ sleep: () => Promise.resolve() });
  }

  /** A price below the market, which the market does not reach by itself within minutes. */
  async lowPrice(): Promise<string> {
    const { bid } = await this.#client.call("getTicker", { pair: PAIR });
    return new Big(bid).times("0.99").round(0, Big.roundDown).toFixed();
  }

  /** Fills every buy order down to a price. */
  async sellDownTo(price: string): Promise<void> {
    const volume = SOLD_AT_ONCE;
    await this.#client.call("postLimitOrder", { pair: PAIR, type: "ASK", price, volume, time_in_force: "IOC" });
  }

  /** Places and cancels orders until a server is notified of one: the exchange sends no confirmation of a key. */
  async untilTold({ http }: RunningServer): Promise<void> {
    const look = async () => {
      const order = { pair: PAIR, type: "BID", price: await this.lowPrice(), volume: "0.001" } as const;
      const { order_id } = await this.#client.call("postLimitOrder", order);
      await this.#client.call("stopOrder", { order_id });
      const { exchange } = await (await fetch(`${http}/status`)).json();
      return exchange.usage.user_streams[0]?.live;
    };
    await lookUntil((isLive) => isLive === true, look, "the server was never told of an order");
  }
}
