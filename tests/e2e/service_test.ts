import assert from "node:assert/strict";
import { runServiceHistories } from "./service_histories.ts";

Deno.test("a service behind a balancer keeps every promise while its servers, Redis and PostgreSQL are killed or frozen", async () => {
  const { orders, violations } = await runServiceHistories(3, 20261129);
  assert.deepEqual(violations, []);
  assert.ok(orders > 0);
});
