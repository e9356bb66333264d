/** Orders that callers were shown, made up. */

import type { ShownOrder } from "../../src/trading/record/previews.ts";
import { newPreviewId } from "../../src/trading/orders/preview.ts";
import { FREE, ORDER } from "./stores.ts";

/** A preview that can be placed; each has an id of its own. */
export function shownOrder(changes: Partial<ShownOrder> = {}): ShownOrder {
  return {
    previewId: newPreviewId(),
    identity: "key:alice",
    account: "main",
    asked: "[]",
    facts: {
      order: ORDER,
      notional: [{ currency: "ZAR", amount: "1000" }],
      mid: "1000500",
      averagePrice: null,
      warnings: [],
      venue: "",
    },
    policyDigest: FREE.digest,
    summary: null,
    ...changes,
  };
}
