import assert from "node:assert/strict";
import { readOperatorJson } from "../../src/validation/operator_json.ts";

Deno.test("readOperatorJson() reads a value, and names members that stand in it twice", () => {
  assert.deepEqual(readOperatorJson('{"a": {"b": 1, "b": 2}}'), {
    ok: true,
    value: { a: { b: 2 } },
    duplicates: ["a.b: expected once: it is repeated"],
  });
});

Deno.test("readOperatorJson() tells only where a text stops to be JSON, never what stands there", () => {
  const read = readOperatorJson('{\n  "secret": "hunter2",\n}');
  assert.deepEqual(read, { ok: false, problem: "expected JSON: cannot read it at line 3 column 1" });
  assert.deepEqual(readOperatorJson("hunter2"), { ok: false, problem: "expected JSON" });
});
