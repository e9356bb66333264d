/** Selects the markets of an answer, page by page. */

import { z } from "zod";
import type { Market } from "../exchange/market_schemas.ts";
import { type CursorQuery, readCursor, writeCursor } from "./cursor.ts";
import { CurrencyText, CursorText, PairText, rowLimit } from "./inputs.ts";
import type { ToolContext } from "./tool.ts";

/** The markets to answer for; all when nothing is chosen. */
export const marketChoice = {
  pairs: z.array(PairText).min(1).max(200).optional(),
  currency: CurrencyText.optional(),
};

/** Page size and position. */
export const marketPage = {
  limit: rowLimit({ default: 50, max: 500 }),
  cursor: CursorText.optional(),
};

/** Values of {@linkcode marketChoice}. */
export interface MarketFilter {
  readonly pairs?: readonly string[] | undefined;
  readonly currency?: string | undefined;
}

/** The chosen markets, and a key that distinguishes the choice. */
export interface ChosenMarkets {
  readonly markets: readonly Market[];
  /** Unreadable markets that may be among them. */
  readonly leftOut: number;
  readonly query: readonly [pairs: readonly string[] | null, currency: string | null];
}

/** Finds the chosen markets, ordered by id. */
export async function chooseMarkets(filter: MarketFilter, { markets, signal }: ToolContext): Promise<ChosenMarkets> {
  const currency = filter.currency === undefined
    ? undefined
    : await markets.resolveCurrency(filter.currency, { signal });
  const candidates = filter.pairs === undefined
    ? await markets.list({ signal })
    : await Promise.all(filter.pairs.map((pair) => markets.resolve(pair, { signal })));
  const chosen = [...new Map(candidates.map((market) => [market.market_id, market])).values()]
    .filter((market) => currency === undefined || [market.base_currency, market.counter_currency].includes(currency))
    .toSorted((one, other) => one.market_id < other.market_id ? -1 : 1);
  const pairs = filter.pairs === undefined ? null : chosen.map((market) => market.market_id);
  const leftOut = filter.pairs === undefined ? markets.leftOut : 0;
  return { markets: chosen, leftOut, query: [pairs, currency ?? null] };
}

const PairPosition = z.strictObject({ after: z.string().max(20) });

/** One page of the chosen markets, and where to continue. */
export function pageOf(
  sorted: readonly Market[],
  { limit, cursor, query }: { limit: number; cursor: string | undefined; query: CursorQuery },
): { rows: readonly Market[]; next: { next_cursor?: string } } {
  const after = cursor === undefined ? "" : readCursor(PairPosition, { cursor, query }).after;
  const rest = sorted.filter((market) => market.market_id > after);
  const rows = rest.slice(0, limit);
  const last = rows.at(-1);
  const next = last !== undefined && rest.length > limit
    ? { next_cursor: writeCursor({ after: last.market_id }, query) }
    : {};
  return { rows, next };
}
