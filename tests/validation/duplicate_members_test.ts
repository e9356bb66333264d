import assert from "node:assert/strict";
import fc from "fast-check";
import { findDuplicateMember, listDuplicateMembers } from "../../src/validation/duplicate_members.ts";

Deno.test("findDuplicateMember() finds a duplicate member at any depth, in any spelling of its name", () => {
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

Deno.test("findDuplicateMember() and listDuplicateMembers() find none in what JSON.stringify() writes", () => {
  fc.assert(fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2), (value, space) => {
    const text = JSON.stringify(value, undefined, space);
    assert.equal(findDuplicateMember(text), undefined);
    assert.deepEqual(listDuplicateMembers(text), []);
  }));
});

Deno.test("listDuplicateMembers() distinguishes names from texts, and objects in lists from each other", () => {
  assert.deepEqual(listDuplicateMembers('{"a" : ["b", "b", {"b":1}, {"b":"a"}], "c": "a" }'), []);
  assert.deepEqual(listDuplicateMembers('{"a\\"}":1, "b":{"a\\"}":{"x":1,"x":2}}, "b":"\\"b\\":"}'), ['b.a"}.x', "b"]);
});
