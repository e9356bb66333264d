import assert from "node:assert/strict";
import fc from "fast-check";
import { findRequestId } from "../../src/transport/request_id.ts";
import { anyCharacter } from "../support/any_character.ts";

const ids = fc.oneof(fc.integer(), fc.string({ maxLength: 60 }), fc.string({ unit: anyCharacter, maxLength: 60 }));

/** The two ends of a line that is too long. */
function endsOf(line: string): { head: string; tail: string } {
  return { head: line.slice(0, 512), tail: line.slice(-512) };
}

Deno.test("findRequestId() finds any id at the start or the end of a message that is too long", () => {
  fc.assert(fc.property(ids, fc.boolean(), fc.boolean(), (id, isFirst, isIndented) => {
    const body = { method: "tools/call", params: { name: "x", arguments: { id: "inner", text: "x".repeat(2_000) } } };
    const message = isFirst ? { jsonrpc: "2.0", id, ...body } : { ...body, jsonrpc: "2.0", id };
    const line = JSON.stringify(message, null, isIndented ? " " : undefined).replaceAll("\n", " ");
    assert.equal(findRequestId(endsOf(line)), id);
  }));
});

Deno.test("findRequestId() finds an id after other members, in messages that are truncated or malformed", () => {
  for (
    const head of [
      '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"na',
      '{"jsonrpc":"2.0","method":"tools/call","id":7,"params":{bad}}',
      ' { "method" : "a{[\\"id\\":1,", "id" : 7 , ',
      '{"params":{"id":1,"list":[{"id":2}]},"id":7}',
      '{"id":7}}}',
    ]
  ) assert.equal(findRequestId({ head }), 7, head);
});

Deno.test("findRequestId() never takes an id from inside a message", () => {
  for (
    const line of [
      '{"jsonrpc":"2.0","method":"tools/call","params":{"id":7}}',
      '{"jsonrpc":"2.0","method":"tools/call","params":{"arguments":{"x":1,"id":7}}}',
      '{"jsonrpc":"2.0","method":"tools/call","params":{"list":[{"id":7}]}}',
      '{"jsonrpc":"2.0","method":"x","params":{"text":"{\\"id\\":7,"}}',
      '{"jsonrpc":"2.0","method":"x","params":{"text":"\\",\\"id\\":7}"}}',
      '[{"id":7},{"id":8}]',
      '"id":7}',
      "id",
      "",
    ]
  ) assert.equal(findRequestId(endsOf(line)), null, line);
});

Deno.test("findRequestId() does not trust the end of broken JSON, where an inner object may be the last", () => {
  assert.equal(findRequestId({ head: '{"jsonrpc":"2.0","method":"x","params":{"id":7}' }), null);
  assert.equal(findRequestId({ head: '{"method":"x","params":{"a":1,"jsonrpc":"2.0","id":7}' }), null);
});

Deno.test("findRequestId() accepts no id that is truncated, fractional, or of another type", () => {
  for (const id of ["7", '"cut', "7.5", "7e2", "null", "true", "{}", "[1]", "007", "9".repeat(16)]) {
    const rest = id === "7" || id === '"cut' ? "" : ",";
    assert.equal(findRequestId({ head: `{"jsonrpc":"2.0","id":${id}${rest}` }), null, id);
    assert.equal(findRequestId({ head: "", tail: `,"id":${id}${rest === "" ? "" : "}"}` }), null, id);
  }
});

Deno.test("findRequestId() reads escapes as JSON does and survives invalid ones", () => {
  assert.equal(findRequestId({ head: String.raw`{"id":"a\"\\\u00e9\n","x":1` }), 'a"\\é\n');
  assert.equal(findRequestId({ head: String.raw`{"id":"\x","x":1` }), null);
});

Deno.test("findRequestId() searches a bounded part of a line", () => {
  assert.equal(findRequestId({ head: `{"text":"${"x".repeat(4_000)}","id":7,` }), 7);
  assert.equal(findRequestId({ head: `{"text":"${"x".repeat(5_000)}","id":7,` }), null);
});

Deno.test("findRequestId() survives any text", () => {
  const pieces = fc.constantFrom('"id"', ":", ",", "{", "}", "[", "]", '"', "\\", "7", " ", '"a"', "\n");
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 40 }).map((all) => all.join("")), (text) => {
      const id = findRequestId({ head: text, tail: text });
      assert.ok(id === null || typeof id === "string" || typeof id === "number");
    }),
    { numRuns: 1_000 },
  );
  assert.equal(findRequestId({ head: `{"a":"${"\\\\".repeat(1_000_000)}`, tail: "{".repeat(100_000) }), null);
});
