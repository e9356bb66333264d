import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createApiKey, looksLikeApiKey, readApiKey } from "../../src/access/api_key.ts";
import { API_KEY_PATTERN } from "../../src/access/api_key_pattern.ts";

const SECRET = "07".repeat(32);
const KEY = createApiKey((bytes) => bytes.fill(7));

Deno.test("createApiKey() writes prefix, id, secret and checksum", () => {
  assert.equal(KEY.id, "070707070707");
  assert.match(KEY.text, new RegExp(`^lunomcp_070707070707_${SECRET}_[0-9a-f]{8}$`));
  assert.deepEqual([...KEY.digest], [...createHash("sha256").update(KEY.text).digest()]);
});

Deno.test("createApiKey() makes a different key each time", () => {
  const made = Array.from({ length: 50 }, () => createApiKey());
  assert.equal(new Set(made.map(({ id }) => id)).size, 50);
  assert.equal(new Set(made.map(({ text }) => text.split("_")[2])).size, 50);
  for (const { id, text, digest } of made) assert.deepEqual(readApiKey(text), { id, digest });
});

Deno.test("readApiKey() refuses a key with one wrong character, at any place", () => {
  for (let index = 0; index < KEY.text.length; index++) {
    for (const wrong of ["0", "1", "f", "F", "_", "x", "\n", "é"]) {
      if (wrong === KEY.text[index]) continue;
      const text = `${KEY.text.slice(0, index)}${wrong}${KEY.text.slice(index + 1)}`;
      assert.equal(readApiKey(text), undefined, `${wrong} at ${index}`);
    }
  }
});

Deno.test("readApiKey() refuses a key that is too short, too long or in capitals", () => {
  const { text } = KEY;
  for (const wrong of ["", "lunomcp_", text.slice(1), text.slice(0, -1), `${text}0`, ` ${text}`, text.toUpperCase()]) {
    assert.equal(readApiKey(wrong), undefined);
  }
  assert.equal(readApiKey(text.repeat(100_000)), undefined);
});

Deno.test("API_KEY_PATTERN finds every key in a text, also one that is truncated or in capitals", () => {
  const other = createApiKey().text;
  const hidden = `a ${KEY.text}, "${other}" ${other.slice(0, 40)} ${other.toUpperCase()}`.replace(API_KEY_PATTERN, "*");
  assert.equal(hidden, 'a *, "*" * *');
  assert.equal("lunomcp_ lunomcp_070707070707".replace(API_KEY_PATTERN, "*"), "lunomcp_ lunomcp_070707070707");
});

Deno.test("looksLikeApiKey() tells strings meant as keys from other tokens", () => {
  assert.deepEqual([KEY.text, "lunomcp_typo", "eyJhbGciOiJFUzI1NiJ9.e30.x", ""].map(looksLikeApiKey), [
    true,
    true,
    false,
    false,
  ]);
});
