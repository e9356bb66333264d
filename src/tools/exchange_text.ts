/** Text that other users wrote and the exchange passes on: names, descriptions, references. It is data, never ours. */

import { z } from "zod";
import { cleanText } from "../text/clean_text.ts";

/** A schema for such text in answers: without control characters, capped. */
export const ExchangeText = z.string().overwrite(cleanText);
