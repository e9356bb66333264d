/**
 * Price models that compute nothing twice. A model depends on seed, market and time alone, so all exchanges of a test file
 * can share one: making an account's history is most of what starting an exchange costs.
 */

import type { PriceModel } from "../../src/simulation/model/market_data.ts";
import { createPriceModel } from "../../src/simulation/model/prices.ts";

/** More than an account's history and most tests ask for. */
const MOST_ANSWERS = 5_000;
const MOST_MODELS = 4;

const models = new Map<number, PriceModel>();

/** The model of a seed. */
export function priceModelOf(seed: number): PriceModel {
  const known = models.get(seed);
  if (known !== undefined) return known;
  if (models.size >= MOST_MODELS) models.clear();
  const model = remembering(createPriceModel({ seed }));
  models.set(seed, model);
  return model;
}

function remembering(model: PriceModel): PriceModel {
  const answers = new Map<string, unknown>();
  const remember = <Answer>(question: string, compute: () => Answer): Answer => {
    if (answers.has(question)) return answers.get(question) as Answer;
    const answer = compute();
    if (answers.size >= MOST_ANSWERS) answers.clear();
    answers.set(question, answer);
    return answer;
  };
  return {
    ...model,
    bookAt: (id, atMs) => remember(`${id} ${Math.floor(atMs / 1_000)}`, () => model.bookAt(id, atMs)),
    countBetween: (id, fromMs, toMs) =>
      remember(`${id} ${fromMs} ${toMs}`, () => model.countBetween?.(id, fromMs, toMs) ?? NaN),
  };
}
