import assert from "node:assert/strict";
import { inspect } from "node:util";
import { Secret } from "../../src/secrets/secret.ts";

const CANARY = "canary-0123456789";

Deno.test("Secret reveals itself only on explicit request", () => {
  const secret = new Secret(CANARY);
  const holder = { deep: { secret, list: [secret] } };
  const shown = [
    String(secret),
    `${secret}`,
    "" + secret,
    JSON.stringify(holder),
    Deno.inspect(holder, { depth: 9, showHidden: true }),
    inspect(holder, { depth: 9, showHidden: true }),
    Object.entries(secret).join(),
    Object.getOwnPropertyNames(secret).join(),
  ];
  for (const text of shown) assert.ok(!text.includes(CANARY), text);
  assert.equal(JSON.stringify({ secret }), '{"secret":"[redacted]"}');
  assert.equal(secret.reveal(), CANARY);
});
