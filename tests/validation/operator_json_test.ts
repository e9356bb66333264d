import assert from "node:assert/strict";
import { readOperatorJson } from "../../src/validation/operator_json.ts";

Deno.test("readOperatorJson() reads a value, and names duplicate members", () => {
  assert.deepEqual(readOperatorJson('{"a": {"b": 1, "b": 2}}'), {
    ok: true,
    value: { a: { b: 2 } },
    duplicates: ["a.b: expected once: it is repeated"],
  });
});

Deno.test("readOperatorJson() reports only where a text stops being JSON, never its content", () => {
  const read = readOperatorJson('{\n  "secret": "hunter2",\n}');
  assert.deepEqual(read, { ok: false, problem: "expected JSON: cannot read it at line 3 column 1" });
  assert.deepEqual(readOperatorJson("hunter2"), { ok: false, problem: "expected JSON" });
});
