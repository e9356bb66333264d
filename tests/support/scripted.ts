/** An exchange with scripted answers, for what the simulation never returns. */

import { http, RawServer } from "../exchange/raw_server.ts";

/** The answer of a path: text unchanged, anything else as JSON, a function by the query. */
export type ScriptedAnswer = string | object | ((query: URLSearchParams) => object);

/** Answers by the last part of the path; everything else is a 404. */
export function answering(answers: Readonly<Record<string, ScriptedAnswer>>): RawServer {
  return new RawServer(({ target }, connection) => {
    const { pathname, searchParams } = new URL(target, "http://exchange.test");
    const scripted = new Map(Object.entries(answers)).get(pathname.split("/").at(-1) ?? "");
    if (scripted === undefined) return connection.write(http(404, ""));
    const answer = typeof scripted === "function" ? scripted(searchParams) : scripted;
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
