/** An exchange, or a paper account, that is restarted while a call looks where its order goes. */

import assert from "node:assert/strict";
import { BrokerWorld, REST } from "./broker_world.ts";

/** More often than any call asks. */
const MAX_ASKS = 12;

/**
 * Has a call find another exchange after each time that it was told of one, each time in a world of its own: nothing may
 * be sent from then on.
 */
async function sendsNothingElsewhere<Prepared>(
  prepare: (world: BrokerWorld) => Promise<Prepared>,
  call: (world: BrokerWorld, prepared: Prepared) => Promise<unknown>,
): Promise<void> {
  for (let after = 1; after <= MAX_ASKS; after++) {
    await using world = await BrokerWorld.start();
    const prepared = await prepare(world);
    let asks = 0;
    let before: readonly string[] | undefined;
    world.told = () => {
      if (++asks !== after) return;
      before = world.sent;
      world.moveTo("simulated-2");
    };
    await call(world, prepared).catch(() => {});
    if (before === undefined) {
      assert.ok(after > 1, "nobody asked where orders go");
      return;
    }
    assert.deepEqual(world.sent, before);
  }
  assert.fail(`nobody asks more than ${MAX_ASKS} times`);
}

Deno.test("place_order sends nothing to an exchange that was restarted after the preview, at any moment", () =>
  sendsNothingElsewhere(
    (world) => world.broker.preview(REST, world.call()),
    (world, { previewId }) => world.broker.place({ previewId }, world.call()),
  ));

Deno.test("replace_order cancels nothing on an exchange that was restarted meanwhile, at any moment", () =>
  sendsNothingElsewhere(
    (world) => world.broker.place({ request: REST }, world.call()),
    (world, placed) => {
      assert.ok(placed.status === "placed");
      const replacement = { target: { orderId: placed.order_id }, price: "1051000" };
      return world.broker.replace(replacement, world.call());
    },
  ));
