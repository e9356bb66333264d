import assert from "node:assert/strict";
import { readText } from "../../src/transport/json_rpc.ts";

const LIST = (length: number, item = "1") =>
  `{"jsonrpc":"2.0","id":7,"method":"x","params":{"a":[${Array(length).fill(item)}]}}`;
const DEEP = `${"[".repeat(200)}${"]".repeat(200)}`;

/** Texts that hold no message, the ids that are answered, and with what. */
const REFUSED: readonly (readonly [text: string, ids: readonly unknown[], code: number, message: string])[] = [
  ["", [null], -32700, "Parse error: expected one JSON value"],
  ['{"jsonrpc":"2.0","id":7,"method":', [7], -32700, "Parse error: expected one JSON value"],
  [
    `{"jsonrpc":"2.0","id":7,"method":"x","params":{"a":${DEEP}}}`,
    [7],
    -32600,
    "Invalid request: expected at most 100 levels",
  ],
  [LIST(5_001), [7], -32600, "Invalid request: expected at most 5000 members and items"],
  [LIST(3_000, '{"b":1,"c":",,,,"}'), [7], -32600, "Invalid request: expected at most 5000 members and items"],
  ["7", [null], -32600, "Invalid request: expected an object: a JSON-RPC 2.0 message"],
  ["[]", [null], -32600, "Invalid request: batches are not supported, send one message at a time"],
  [
    '[{"id":1},{"id":"b"},7]',
    [1, "b"],
    -32600,
    "Invalid request: batches are not supported, send one message at a time",
  ],
  ['{"id":5,"method":"ping"}', [5], -32600, 'Invalid request: jsonrpc must be "2.0"'],
  [
    '{"jsonrpc":"2.0","id":5,"method":"ping","extra":1}',
    [5],
    -32600,
    'Invalid request: "extra" is no member of a message',
  ],
  ['{"jsonrpc":"2.0","id":1.5,"method":"ping"}', [null], -32600, "Invalid request: id must be a string or an integer"],
  [
    '{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}',
    [null],
    -32600,
    "Invalid request: id must be a string or an integer up to 9007199254740991",
  ],
  ['{"jsonrpc":"2.0","id":null,"method":"ping"}', [null], -32600, "Invalid request: id must be a string or an integer"],
  ['{"jsonrpc":"2.0","id":5,"method":7}', [5], -32600, "Invalid request: method must be a string"],
  ['{"jsonrpc":"2.0","id":5}', [5], -32600, "Invalid request: method is missing"],
  [
    '{"jsonrpc":"2.0","id":5,"method":"ping","result":{}}',
    [5],
    -32600,
    "Invalid request: a message with a method has neither result nor error",
  ],
  [
    '{"jsonrpc":"2.0","id":5,"method":"ping","params":[1]}',
    [5],
    -32602,
    "Invalid params: params must be an object of named members",
  ],
  [
    '{"jsonrpc":"2.0","id":5,"method":"ping","params":null}',
    [5],
    -32602,
    "Invalid params: params must be an object of named members",
  ],
  [
    '{"jsonrpc":"2.0","method":"notifications/x","params":[1]}',
    [],
    -32602,
    "Invalid params: params must be an object of named members",
  ],
  ['{"jsonrpc":"2.0","result":{}}', [null], -32600, "Invalid request: an answer has an id and no params"],
  ['{"jsonrpc":"2.0","id":null,"result":{}}', [null], -32600, "Invalid request: id must be a string or an integer"],
  // The id of an answer is one of ours: told to its sender, it would end a request of its own.
  ['{"jsonrpc":"2.0","id":5,"result":7}', [null], -32600, "Invalid request: result must be an object"],
  [
    '{"jsonrpc":"2.0","id":5,"error":{"code":"x"}}',
    [null],
    -32600,
    "Invalid request: error must have an integer code and a message",
  ],
];

for (const [text, ids, code, message] of REFUSED) {
  Deno.test(`readText() refuses ${text.slice(0, 60)} for ${JSON.stringify(ids)}: ${message}`, () => {
    assert.deepEqual(readText(text), { kind: "refused", ids, error: { code, message } });
  });
}

Deno.test("readText() reads requests, notifications and answers", () => {
  for (
    const message of [
      { jsonrpc: "2.0", id: "a", method: "x", params: { deep: [[[1]]] } },
      { jsonrpc: "2.0", method: "notifications/x" },
      { jsonrpc: "2.0", id: 1, result: {} },
      { jsonrpc: "2.0", id: 1, error: { code: -1, message: "no" } },
      { jsonrpc: "2.0", error: { code: -32700, message: "no JSON" } },
    ]
  ) {
    assert.deepEqual(readText(JSON.stringify(message)), { kind: "message", message });
  }
});

Deno.test("readText() reads a message with many items, and with any number of commas in its texts", () => {
  for (const text of [LIST(4_990), LIST(3, `"${',\\",'.repeat(50_000)}"`)]) {
    assert.deepEqual(readText(text), { kind: "message", message: JSON.parse(text) });
  }
});

Deno.test("readText() reads the error of a client that found no id, which must not be answered with another one", () => {
  const error = { code: -32700, message: "no JSON" };
  const message = { jsonrpc: "2.0", error };
  assert.deepEqual(readText(JSON.stringify({ ...message, id: null })), { kind: "message", message });
});

Deno.test("readText() refuses a duplicate member in requests that write, and uses the last one elsewhere", () => {
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
