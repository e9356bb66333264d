/** Completes pairs, currencies and account ids. */

import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import type { CompleteRequestParams, CompleteResult } from "@modelcontextprotocol/server";
import { getLogger } from "../logging/logger.ts";
import { ExchangeError } from "../exchange/errors.ts";
import type { ToolContext } from "../tools/tool.ts";
import { isPrompt } from "./listing.ts";
import { findResource, TEMPLATES } from "./resource_list.ts";

const log = getLogger(["luno-mcp-server", "protocol"]);

/** The most values in one answer, by the specification. */
const MAX_VALUES = 100;

/** The prefix of the market templates, each of which has a pair. */
const MARKET_TEMPLATE = "luno://market/{pair}/";

/**
 * Completes an argument of a prompt or a resource template; the answer is empty when nothing is known.
 *
 * @throws {ProtocolError} `InvalidParams` when there is no such prompt, template or resource
 */
export async function complete(params: CompleteRequestParams, context: ToolContext): Promise<CompleteResult> {
  const unknown = unknownReference(params.ref);
  if (unknown !== undefined) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown ${unknown}`);
  const candidates = await candidatesFor(params, context).catch(ignoreExchange);
  const typed = params.argument.value.toUpperCase().replaceAll(/[^A-Z0-9]/g, "");
  const matching = candidates
    .filter((candidate) => candidate.startsWith(typed) || candidate.startsWith(typed.replace(/^BTC/, "XBT")))
    .toSorted();
  return {
    completion: {
      values: matching.slice(0, MAX_VALUES),
      total: matching.length,
      hasMore: matching.length > MAX_VALUES,
    },
  };
}

/** What a reference names that does not exist. */
function unknownReference(ref: CompleteRequestParams["ref"]): string | undefined {
  const shown = (text: string) => JSON.stringify(text.slice(0, 100));
  if (ref.type === "ref/prompt") return isPrompt(ref.name) ? undefined : `prompt: ${shown(ref.name)}`;
  const { uri } = ref;
  const isKnown = Object.hasOwn(TEMPLATES, uri) || findResource(uri) !== undefined;
  return isKnown ? undefined : `resource template: ${shown(uri)}`;
}

async function candidatesFor({ ref, argument }: CompleteRequestParams, context: ToolContext): Promise<string[]> {
  const { exchange, markets, server, caller, signal } = context;
  if (ref.type === "ref/resource" && !ref.uri.startsWith(MARKET_TEMPLATE)) {
    const isOffered = exchange.hasCredentials &&
      server.tools.some(({ group, scope }) => group === "account" && caller.allows(scope));
    if (ref.uri !== "luno://accounts/{id}" || argument.name !== "id" || !isOffered) return [];
    const { balance } = await exchange.call("getBalances", {}, { signal });
    return balance.map((row) => row.account_id);
  }
  if (!caller.allows("market:read")) return [];
  if (argument.name === "side") return ["BUY", "SELL"];
  const list = await markets.list({ signal });
  if (argument.name === "pair") return list.map((market) => market.market_id);
  if (argument.name === "value_in") {
    return [...new Set(list.flatMap((market) => [market.base_currency, market.counter_currency]))];
  }
  return [];
}

/** Completions are optional: when the exchange cannot be reached, there are none. */
function ignoreExchange(error: unknown): string[] {
  if (!(error instanceof ExchangeError)) throw error;
  log.debug("no completion available", { code: error.code });
  return [];
}
