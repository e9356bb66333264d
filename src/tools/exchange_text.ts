/**
 * Text of other users that the exchange passes on: names, descriptions, references. It is data, never part of our
 * sentences.
 */

import { z } from "zod";
import { cleanText } from "../text/clean_text.ts";

/** A schema for such text in answers: no control characters, limited length. {@linkcode exchangeText} produces it. */
export const ExchangeText = z.string().overwrite(cleanText).brand<"ExchangeText">();

/** Such text, cleaned. */
export type ExchangeText = z.output<typeof ExchangeText>;

/** Cleans text of the exchange for an answer. */
export function exchangeText(text: string): ExchangeText {
  return cleanText(text) as ExchangeText;
}
