/** A preview in answers. */

import { z } from "zod";
import type { PreviewAnswer } from "../trading/order_previews.ts";
import type { Order } from "../trading/orders/order.ts";
import { isPaper } from "../trading/orders/trading_account.ts";

const Remark = z.object({ code: z.string(), message: z.string() });
const Change = z.object({ before: z.string(), after: z.string() });

/** The most fills that are listed; the sums include all of them. */
const MAX_FILLS = 20;

/** The output of `preview_order`. */
export const PreviewOutput = z.object({
  preview_id: z.string().optional().describe("absent when not placeable"),
  expires_in_s: z.int().optional(),
  placeable: z.boolean(),
  paper: z.boolean().optional(),
  order: z.object({
    pair: z.string(),
    side: z.string(),
    type: z.string(),
    volume: z.string().optional(),
    counter_volume: z.string().optional(),
    price: z.string().optional(),
    time_in_force: z.string().optional(),
    post_only: z.boolean().optional(),
    stop_price: z.string().optional(),
    stop_direction: z.string().optional(),
  }).describe("exactly what would be sent"),
  notes: z.array(z.string()),
  estimate: z.object({
    fills: z.array(z.object({ price: z.string(), volume: z.string(), counter: z.string() })),
    more_fills: z.int().optional(),
    filled_volume: z.string(),
    filled_value: z.string(),
    average_price: z.string().nullable(),
    worst_price: z.string().nullable(),
    resting_volume: z.string(),
    dropped_volume: z.string(),
    mid: z.string().nullable(),
    slippage_percent: z.string().nullable(),
    fees: z.object({
      currency: z.string(),
      taker: z.string(),
      maker: z.string(),
      taker_rate: z.string(),
      maker_rate: z.string(),
    }),
    available: z.object({ base: Change, counter: Change }).optional(),
  }),
  policy: z.object({ mode: z.string(), problems: z.array(Remark) }),
  problems: z.array(Remark).describe("why it cannot be placed"),
  warnings: z.array(Remark),
});

/** Shapes a preview for an answer. */
export function previewRow(preview: PreviewAnswer): z.output<typeof PreviewOutput> {
  const { previewId, expiresInMs, halt, account, order, notes, estimate, policy, policyProblems } = preview;
  const { fills, fees, balances } = estimate;
  return {
    ...(previewId === undefined ? {} : { preview_id: previewId }),
    ...(expiresInMs === undefined ? {} : { expires_in_s: Math.floor(expiresInMs / 1_000) }),
    placeable: previewId !== undefined,
    ...(isPaper(account) ? { paper: true } : {}),
    order: orderRow(order),
    notes: [...notes],
    estimate: {
      fills: fills.slice(0, MAX_FILLS).map(({ price, volume, counter }) => ({ price, volume, counter })),
      ...(fills.length > MAX_FILLS ? { more_fills: fills.length - MAX_FILLS } : {}),
      filled_volume: estimate.filledBase,
      filled_value: estimate.filledCounter,
      average_price: estimate.averagePrice,
      worst_price: estimate.worstPrice,
      resting_volume: estimate.restingBase,
      dropped_volume: estimate.droppedBase,
      mid: estimate.mid,
      slippage_percent: estimate.slippagePercent,
      fees: {
        currency: fees.currency,
        taker: fees.taker,
        maker: fees.maker,
        taker_rate: fees.takerRate,
        maker_rate: fees.makerRate,
      },
      ...(balances === null
        ? {}
        : { available: { base: changeRow(balances.base), counter: changeRow(balances.counter) } }),
    },
    policy: { mode: policy.mode, problems: policyProblems.map(remarkRow) },
    problems: [...estimate.problems, ...(halt === undefined ? [] : [halt])].map(remarkRow),
    warnings: estimate.warnings.map(remarkRow),
  };
}

function changeRow({ before, after }: z.output<typeof Change>): z.output<typeof Change> {
  return { before, after };
}

function remarkRow({ code, message }: z.output<typeof Remark>): z.output<typeof Remark> {
  return { code, message };
}

function orderRow(order: Order) {
  const { pair, side, type, volume, counterVolume, price, timeInForce, postOnly, stopPrice, stopDirection } = order;
  return {
    pair,
    side,
    type,
    ...(volume === undefined ? {} : { volume }),
    ...(counterVolume === undefined ? {} : { counter_volume: counterVolume }),
    ...(price === undefined ? {} : { price }),
    ...(timeInForce === undefined ? {} : { time_in_force: timeInForce }),
    ...(postOnly === undefined ? {} : { post_only: postOnly }),
    ...(stopPrice === undefined ? {} : { stop_price: stopPrice }),
    ...(stopDirection === undefined ? {} : { stop_direction: stopDirection }),
  };
}
