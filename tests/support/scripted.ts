/** An exchange that answers what a test wrote down, for what the simulation never says. */

import { http, RawServer } from "../exchange/raw_server.ts";

/** Answers by the last part of the path; text as it is, anything else as JSON. Everything else is a 404. */
export function answering(answers: Readonly<Record<string, unknown>>): RawServer {
  return new RawServer(({ target }, connection) => {
    const name = new URL(target, "http://exchange.test").pathname.split("/").at(-1) ?? "";
    if (!Object.hasOwn(answers, name)) return connection.write(http(404, ""));
    const answer = answers[name];
    return connection.write(http(200, typeof answer === "string" ? answer : JSON.stringify(answer)));
  });
}

/** A market as the exchange lists it. */
export function listedMarket(base: string, counter: string): Record<string, unknown> {
  return {
    market_id: base + counter,
    trading_status: "ACTIVE",
    base_currency: base,
    counter_currency: counter,
    min_volume: "0.0005",
    max_volume: "100",
    volume_scale: 6,
    min_price: "10",
    max_price: "10000000",
    price_scale: 0,
    fee_scale: 8,
  };
}
