/**
 * Matches pairs and currencies as people write them with the pairs that are traded. A pair is never split by position:
 * codes have three to five letters.
 */

import { editDistance } from "../text/edit_distance.ts";
import { codeOf, otherNamesOf } from "./currencies.ts";

/** A pair by its id, and the codes of its currencies. */
export interface NamedPair {
  readonly id: string;
  readonly base: string;
  readonly counter: string;
}

/** The match for a text, or the nearest candidates, best first. */
export type Found<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly suggestions: readonly string[] };

const MAX_SUGGESTIONS = 5;
const MAX_LENGTH = 40;

/** Finds the pair that `text` names: `BTC/ZAR`, `btc-zar`, `xbt_zar`, `XBTZAR`, `bitcoin zar`. */
export function findPair<Known extends NamedPair>(text: string, pairs: readonly Known[]): Found<Known> {
  const words = splitWords(text);
  const exact = pairs.find(({ id }) => words.length === 1 && id === words[0]);
  const found = exact ?? pairs.find((pair) => isNamedBy(words, spellings(pair)));
  return found === undefined ? { ok: false, suggestions: nearestPairs(words, pairs) } : { ok: true, value: found };
}

/**
 * Tells whether `text` names a pair. When the currencies of the pair are not known, as for an order, its id is enough:
 * `btc-zar` names `XBTZAR`, wherever the first code ends.
 */
export function namesPair(text: string, pair: NamedPair | string): boolean {
  const words = splitWords(text);
  const id = typeof pair === "string" ? pair : pair.id;
  if (words.length === 1 && words[0] === id) return true;
  if (typeof pair !== "string") return isNamedBy(words, spellings(pair));
  return Array.from(id).some((_, end) =>
    end > 0 && isNamedBy(words, { base: namesOf(id.slice(0, end)), counter: namesOf(id.slice(end)) })
  );
}

/** Finds the code of the currency that `text` names, among those that are traded. */
export function findCurrency(text: string, pairs: readonly NamedPair[]): Found<string> {
  const word = splitWords(text).join(" ");
  const codes = [...new Set(pairs.flatMap(({ base, counter }) => [base, counter]))];
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

function spellings({ base, counter }: NamedPair): Spellings {
  return { base: namesOf(base), counter: namesOf(counter) };
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

function nearestPairs(words: readonly string[], pairs: readonly NamedPair[]): string[] {
  const score = (pair: NamedPair): number => {
    const { base, counter } = spellings(pair);
    if (isNamedBy(words, { base: counter, counter: base })) return -2;
    if (words.length === 1 && base.includes(words[0] ?? "")) return -1;
    const [first = "", second] = words.map(codeOf);
    return second === undefined
      ? editDistance(first, pair.id)
      : editDistance(first, pair.base) + editDistance(second, pair.counter);
  };
  const scores = new Map(pairs.map((pair) => [pair.id, score(pair)]));
  return nearest([...scores.keys()], (id) => scores.get(id) ?? Infinity);
}

/** The few candidates with the lowest score; those whose score means "nothing in common" are left out. */
function nearest(candidates: readonly string[], score: (candidate: string) => number): string[] {
  return candidates
    .map((candidate) => ({ candidate, score: score(candidate) }))
    .filter(({ candidate, score }) => score <= candidate.length / 2)
    .sort((a, b) => a.score - b.score || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, MAX_SUGGESTIONS)
    .map(({ candidate }) => candidate);
}
