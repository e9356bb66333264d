/** An order book as a ladder: bids to the left, asks to the right, best prices in the middle, depth as bars outside. */

import Big from "big.js";
import { printable } from "./live_text.ts";
import { styled } from "./screen.ts";
import type { Screen } from "./screen.ts";
import { formatTable } from "./table.ts";
import { pad } from "./width.ts";

/** A price and the volume at it, as decimal strings. */
export type BookLevel = readonly [price: string, volume: string];

/** Both sides, best price first. */
export interface BookLevels {
  readonly bids: readonly BookLevel[];
  readonly asks: readonly BookLevel[];
}

const LONGEST_BAR = 24;

/** Spaces between the columns, and around the middle. */
const GAPS = 9;

/** The ladder with column heads; a bar shows a level's volume relative to the largest one. */
export function formatOrderBook({ bids, asks }: BookLevels, screen: Screen): string {
  const widthOf = (levels: readonly BookLevel[], part: 0 | 1, head: string) =>
    Math.max(head.length, ...levels.map((level) => level[part].length));
  const bid = { price: widthOf(bids, 0, "bid"), volume: widthOf(bids, 1, "volume") };
  const ask = { price: widthOf(asks, 0, "ask"), volume: widthOf(asks, 1, "volume") };
  const room = screen.columns - bid.price - bid.volume - ask.price - ask.volume - GAPS;
  if (room < 0) return formatNarrowBook({ bids, asks }, screen);
  const bar = Math.min(LONGEST_BAR, Math.floor(room / 2));
  const largest = [...bids, ...asks].map(([, volume]) => new Big(volume))
    .reduce((one, other) => one.gt(other) ? one : other, new Big(0));
  const line = (left: string, right: string) => `${left} │ ${right}`.trimEnd();
  const heads = line(
    `${" ".repeat(bar)} ${pad("volume", bid.volume, "left")}  ${pad("bid", bid.price, "left")}`,
    `${pad("ask", ask.price, "left")}  ${pad("volume", ask.volume, "left")}`,
  );
  const rows = Array.from({ length: Math.max(bids.length, asks.length) }, (_, index) => {
    const [bidPrice = "", bidVolume = ""] = (bids[index] ?? []).map(printable);
    const [askPrice = "", askVolume = ""] = (asks[index] ?? []).map(printable);
    const bidBar = pad("█".repeat(barLength(bidVolume, { largest, bar })), bar, "left");
    const askBar = "█".repeat(barLength(askVolume, { largest, bar }));
    return line(
      `${styled(bidBar, "green", screen)} ${pad(bidVolume, bid.volume, "left")}  ${
        styled(pad(bidPrice, bid.price, "left"), "green", screen)
      }`,
      `${styled(pad(askPrice, ask.price, "left"), "red", screen)}  ${pad(askVolume, ask.volume, "left")} ${
        styled(askBar, "red", screen)
      }`,
    );
  });
  return [styled(heads, "bold", screen), ...rows].join("\n");
}

/** Both sides in one column, worst ask first, when they do not fit side by side. */
function formatNarrowBook({ bids, asks }: BookLevels, screen: Screen): string {
  const rows = (levels: readonly BookLevel[], side: string) =>
    levels.map(([price, volume]) => ({ side, price, volume }));
  return formatTable([...rows(asks, "ask").toReversed(), ...rows(bids, "bid")], screen);
}

function barLength(volume: string, { largest, bar }: { largest: Big; bar: number }): number {
  if (volume === "" || largest.eq(0) || bar === 0) return 0;
  const length = new Big(volume).div(largest).times(bar).round(0, Big.roundHalfUp).toNumber();
  return Math.max(1, length);
}
