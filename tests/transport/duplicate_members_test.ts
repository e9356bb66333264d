import assert from "node:assert/strict";
import fc from "fast-check";
import { readText } from "../../src/transport/json_rpc.ts";
import { findDuplicateMember } from "../../src/transport/duplicate_members.ts";

Deno.test("findDuplicateMember() finds a member twice at any depth, however its name is spelt", () => {
  const texts: readonly (readonly [text: string, name: string | undefined])[] = [
    ['{"a":1,"b":{"a":1},"c":[{"a":1},{"a":2}]}', undefined],
    ['{"a":1,"a":2}', "a"],
    ['{"a":{"b":[{"c":1,"d":2,"c":3}]}}', "c"],
    ['{"volume":"1","\\u0076olume":"9"}', "volume"],
    ['{"a":"b","b":"a","c":"\\"a\\":1,\\"a\\":2"}', undefined],
    ['{"":1,"":2}', ""],
    ['{"__proto__":1,"constructor":2}', undefined],
    ['[{"a":1},{"a":1}]', undefined],
  ];
  for (const [text, name] of texts) assert.equal(findDuplicateMember(text), name, text);
});

Deno.test("findDuplicateMember() finds nothing in what JSON.stringify() writes", () => {
  fc.assert(fc.property(fc.json({ maxDepth: 5 }), (text) => {
    assert.equal(findDuplicateMember(JSON.stringify(JSON.parse(text))), undefined);
  }));
});

Deno.test("readText() refuses a member twice in whatever writes, and lets the last one count elsewhere", () => {
  const call = (name: string) =>
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${name}","arguments":{"volume":"1","volume":"2"}}}`;
  const refused = [
    call("place_order"),
    call("create_order"),
    call("cancel_order"),
    call("halt_trading"),
    '{"jsonrpc":"2.0","id":1,"method":"place_order","params":{"volume":"1","volume":"2"}}',
    '{"jsonrpc":"2.0","id":1,"method":"get_ticker","method":"place_order","params":{}}',
    '{"jsonrpc":"2.0","id":1,"result":{"action":"decline","action":"accept"}}',
  ];
  for (const text of refused) {
    const read = readText(text);
    assert.equal(read.kind, "refused", text);
    if (read.kind === "refused") assert.match(read.error.message, /twice: "(volume|method|action)"/);
  }
  for (const text of [call("get_crypto_price"), '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":1,"a":2}}']) {
    assert.equal(readText(text).kind, "message", text);
  }
});
