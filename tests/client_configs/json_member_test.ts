import assert from "node:assert/strict";
import { removeJsonMember, setJsonMember } from "../../src/client_configs/json_member.ts";

Deno.test("setJsonMember() leaves a comment on the line of the member it concerns", () => {
  for (
    const [before, after] of [
      ['{\n  "a": 1 // one\n}', '{\n  "a": 1, // one\n  "b": 2\n}'],
      ['{\n  "a": 1, // one\n  // more to come\n}', '{\n  "a": 1, // one\n  "b": 2,\n  // more to come\n}'],
      ['{\n  "a": 1 /* one */\n  // the end\n}', '{\n  "a": 1, /* one */\n  "b": 2\n  // the end\n}'],
      ['{\n  "a": 1 // one\n  , // and\n}', '{\n  "a": 1 // one\n  , // and\n  "b": 2,\n}'],
      ['{\n  "a": 1 }', '{\n  "a": 1,\n  "b": 2 }'],
      ['{ "a": 1 }', '{ "a": 1, "b": 2 }'],
      ['{ "a": 1, }', '{ "a": 1, "b": 2, }'],
      ["{ /* none yet */ }", '{ /* none yet */\n  "b": 2\n}'],
      ["{\n  // none yet\n}", '{\n  // none yet\n  "b": 2\n}'],
      ["// mine\n", '// mine\n{\n  "b": 2\n}\n'],
      ['{\r\n\t"a": 1\r\n}', '{\r\n\t"a": 1,\r\n\t"b": 2\r\n}'],
    ] as const
  ) assert.equal(setJsonMember(before, ["b"], 2), after);
});

Deno.test("setJsonMember() replaces only a value, and keeps the layout of lists", () => {
  assert.equal(setJsonMember('{"a":[1, 2],"b":0}', ["a"], ["x", "y"]), '{"a":["x", "y"],"b":0}');
  assert.equal(
    setJsonMember('{\n  "a": [\n    1\n  ], // list\n  "b": 0\n}', ["a"], ["x"]),
    '{\n  "a": [\n    "x"\n  ], // list\n  "b": 0\n}',
  );
});

Deno.test("setJsonMember() creates the objects of the path, and changes nothing when one of them is not an object", () => {
  assert.equal(setJsonMember('{"a": {}}', ["a", "b", "c"], 1), '{"a": {\n  "b": {\n    "c": 1\n  }\n}}');
  assert.equal(setJsonMember('{"a": 1}', ["a", "b"], 1), '{"a": 1}');
});

Deno.test("removeJsonMember() removes one comma and one line with it, and no unrelated comment", () => {
  for (
    const [before, after] of [
      ['{\n  "a": 1, // one\n  "b": 2\n}', '{\n  "a": 1 // one\n}'],
      ['{\n  "b": 2,\n  "c": 3\n}', '{\n  "c": 3\n}'],
      ['{ "a": 1, "b": 2, "c": 3 }', '{ "a": 1, "c": 3 }'],
      ['{\n  "a": 1,\n  "b": 2, // two\n}', '{\n  "a": 1,\n  // two\n}'],
      ['{\n  "a": 1,\n  "b": 2,\n}', '{\n  "a": 1,\n}'],
      ['{\n  "b": 2\n}', "{}"],
      ['{\n  // kept\n  "b": 2\n}', "{\n  // kept\n}"],
      ['{"a": 1}', '{"a": 1}'],
    ] as const
  ) assert.equal(removeJsonMember(before, ["b"]), after);
});
