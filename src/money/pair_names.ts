/**
 * Pairs and currencies as people write them, matched against the markets that exist. A pair is never split by position:
 * codes have three to five letters.
 */

import { editDistance } from "../text/edit_distance.ts";
import { codeOf, otherNamesOf } from "./currencies.ts";
import type { Market } from "../exchange/schemas.ts";

/** The part of a market that names it. */
export type NamedMarket = Pick<Market, "market_id" | "base_currency" | "counter_currency">;

/** What a text was found to mean, or what may have been meant, nearest first. */
export type Found<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly suggestions: readonly string[] };

const MAX_SUGGESTIONS = 5;
const MAX_LENGTH = 40;

/** Finds the market that `text` names: `BTC/ZAR`, `btc-zar`, `xbt_zar`, `XBTZAR`, `bitcoin zar`. */
export function findMarket<Known extends NamedMarket>(text: string, markets: readonly Known[]): Found<Known> {
  const words = splitWords(text);
  const exact = markets.find((market) => words.length === 1 && market.market_id === words[0]);
  const found = exact ?? markets.find((market) => isNamedBy(words, spellings(market)));
  return found === undefined ? { ok: false, suggestions: nearestPairs(words, markets) } : { ok: true, value: found };
}

/**
 * Tells whether `text` names a pair whose currencies are not at hand, such as an order's: `btc-zar` names `XBTZAR`,
 * wherever its code may end.
 */
export function namesPair(text: string, pair: string): boolean {
  const words = splitWords(text);
  if (words.length === 1 && words[0] === pair) return true;
  return Array.from(pair).some((_, end) =>
    end > 0 && isNamedBy(words, { base: namesOf(pair.slice(0, end)), counter: namesOf(pair.slice(end)) })
  );
}

/** Finds the code of the currency that `text` names, among those that are traded. */
export function findCurrency(text: string, markets: readonly NamedMarket[]): Found<string> {
  const word = splitWords(text).join(" ");
  const codes = [...new Set(markets.flatMap((market) => [market.base_currency, market.counter_currency]))];
  const code = codes.find((each) => each === word) ?? codes.find((each) => namesOf(each).includes(word));
  return code === undefined ? { ok: false, suggestions: nearest(codes, (each) => editDistance(word, each)) } : {
    ok: true,
    value: code,
  };
}

interface Spellings {
  readonly base: readonly string[];
  readonly counter: readonly string[];
}

function spellings(market: NamedMarket): Spellings {
  return { base: namesOf(market.base_currency), counter: namesOf(market.counter_currency) };
}

function namesOf(code: string): string[] {
  return [code, ...otherNamesOf(code)];
}

function splitWords(text: string): string[] {
  if (text.length > MAX_LENGTH) return [];
  return text.toUpperCase().split(/[^\p{L}\p{N}]+/u).filter((word) => word !== "");
}

function isNamedBy(words: readonly string[], { base, counter }: Spellings): boolean {
  const [first = "", second] = words;
  if (words.length > 2) return false;
  if (second !== undefined) return base.includes(first) && counter.includes(second);
  return base.some((start) => counter.some((end) => first === start + end));
}

function nearestPairs(words: readonly string[], markets: readonly NamedMarket[]): string[] {
  const score = (market: NamedMarket): number => {
    const { base, counter } = spellings(market);
    if (isNamedBy(words, { base: counter, counter: base })) return -2;
    if (words.length === 1 && base.includes(words[0] ?? "")) return -1;
    const written = words.map(codeOf);
    const [first = "", second] = written;
    return second === undefined
      ? editDistance(first, market.market_id)
      : editDistance(first, market.base_currency) + editDistance(second, market.counter_currency);
  };
  const byId = new Map(markets.map((market) => [market.market_id, market]));
  return nearest([...byId.keys()], (id) => {
    const market = byId.get(id);
    return market === undefined ? Infinity : score(market);
  });
}

/** The few candidates with the lowest score; a score that means "nothing in common" leaves one out. */
function nearest(candidates: readonly string[], score: (candidate: string) => number): string[] {
  return candidates
    .map((candidate) => ({ candidate, score: score(candidate) }))
    .filter(({ candidate, score }) => score <= candidate.length / 2)
    .sort((a, b) => a.score - b.score || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, MAX_SUGGESTIONS)
    .map(({ candidate }) => candidate);
}
