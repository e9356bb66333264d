import assert from "node:assert/strict";
import { resumeResource } from "../../src/protocol/resumed_resources.ts";
import { Subscriptions } from "../../src/session/subscriptions.ts";

const settled = () => new Promise((resolve) => setImmediate(resolve));

Deno.test("resumeResource() tries again where it cannot be told now how to hear of a resource", async () => {
  const later: (() => void)[] = [];
  const heard: string[] = [];
  const kept = new Subscriptions({ now: () => performance.now(), intervalMs: 0 });
  let asked = 0;
  const subscription = resumeResource("luno://balances", (uri) => heard.push(uri), {
    watchOf: () => ++asked === 1 ? Promise.reject(new RangeError("not open")) : Promise.resolve(() => () => {}),
    kept,
    after: (_, run) => {
      later.push(run);
      return () => {};
    },
  });
  await settled();
  assert.equal(later.length, 1);
  later[0]?.();
  await settled();
  assert.deepEqual([asked, heard], [2, ["luno://balances"]]);
  subscription.close();
  kept.close();
});
