import assert from "node:assert/strict";
import { newPreviewId, PREVIEW_LIFETIME_MS, whyNotPlaceable } from "../../../src/trading/orders/preview.ts";

const SHOWN = { createdAt: 1_000, expiresAt: 1_000 + PREVIEW_LIFETIME_MS, usedAt: null };

Deno.test("newPreviewId() creates ids of one form that never repeat", () => {
  const ids = Array.from({ length: 100 }, newPreviewId);
  assert.ok(ids.every((id) => /^pv-[0-9a-f]{32}$/.test(id)));
  assert.equal(new Set(ids).size, ids.length);
});

Deno.test("whyNotPlaceable() lets a preview be placed once, until it expires", () => {
  assert.equal(whyNotPlaceable(undefined, 1_000), "unknown");
  assert.equal(whyNotPlaceable(SHOWN, 1_000), undefined);
  assert.equal(whyNotPlaceable(SHOWN, SHOWN.expiresAt - 1), undefined);
  assert.equal(whyNotPlaceable(SHOWN, SHOWN.expiresAt), "expired");
  assert.equal(whyNotPlaceable({ ...SHOWN, usedAt: 2_000 }, 2_000), "used");
  assert.equal(whyNotPlaceable({ ...SHOWN, usedAt: 2_000 }, SHOWN.expiresAt), "used");
});

Deno.test("whyNotPlaceable() ends a preview when the clock was set back, since its age is then unknown", () => {
  assert.equal(whyNotPlaceable({ ...SHOWN, createdAt: 100_000, expiresAt: 160_000 }, 95_000), undefined);
  assert.equal(whyNotPlaceable({ ...SHOWN, createdAt: 100_000, expiresAt: 160_000 }, 94_999), "expired");
});
