/** Endpoints of market data, which pass on the answers of the real exchange. */

import { type AnswerOf, type EndpointName, endpoints, type ParamsOf } from "../../exchange/endpoints.ts";
import { invalidArgument, type Parameters } from "../api/parameters.ts";
import type { PaperExchange } from "./paper_exchange.ts";
import type { PaperRoute } from "./paper_route.ts";

/** Every endpoint of this file. */
export function marketRoutes(exchange: PaperExchange): readonly PaperRoute[] {
  const pass = <Name extends EndpointName>(
    name: Name,
    read: (parameters: Parameters) => ParamsOf<Name>,
  ): PaperRoute => ({
    method: "GET",
    path: endpoints[name].path,
    permission: endpoints[name].permission === "none" ? null : 0,
    run: async ({ parameters }): Promise<AnswerOf<Name>> =>
      await exchange.upstream.call(name, read(parameters), { signal: exchange.signal }),
  });
  return [
    pass("getTicker", readPair),
    pass("getTickers", readPairs),
    pass("getOrderBook", readPair),
    pass("getOrderBookFull", readPair),
    pass("listTrades", (parameters) => ({ ...readPair(parameters), since: parameters.integer("since") })),
    pass("getCandles", readCandles),
    pass("getMarkets", readPairs),
  ];
}

function readPair(parameters: Parameters): { pair: string } {
  return { pair: parameters.text("pair") ?? "" };
}

function readPairs(parameters: Parameters): { pair?: string[] } {
  const pair = [...parameters.list("pair")];
  return pair.length === 0 ? {} : { pair };
}

function readCandles(parameters: Parameters): ParamsOf<"getCandles"> {
  const read = endpoints.getCandles.params.safeParse({
    ...readPair(parameters),
    since: parameters.integer("since"),
    duration: parameters.integer("duration"),
  });
  if (!read.success) throw invalidArgument(String(read.error.issues[0]?.path[0] ?? "pair"));
  return read.data;
}
