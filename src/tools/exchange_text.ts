/** Text that other users wrote and the exchange passes on: names, descriptions, references. It is data, never ours. */

import { z } from "zod";
import { cleanText } from "../text/clean_text.ts";

/** A schema for such text in answers: without control characters, capped. {@linkcode exchangeText} makes it. */
export const ExchangeText = z.string().overwrite(cleanText).brand<"ExchangeText">();

/** Such text, made fit to show. */
export type ExchangeText = z.output<typeof ExchangeText>;

/** Makes text of the exchange fit to show. */
export function exchangeText(text: string): ExchangeText {
  return cleanText(text) as ExchangeText;
}
