import assert from "node:assert/strict";
import { ReceivedFields, someField } from "../../src/network/header_fields.ts";

function received(fields: readonly (readonly [string, string])[]): ReceivedFields {
  const made = new ReceivedFields();
  for (const [name, value] of fields) made.append(name, value);
  return made;
}

Deno.test("ReceivedFields reads like Headers: names in any case, repeated fields joined, missing ones null", () => {
  const fields = [["Host", "a"], ["X-Twice", "1"], ["accept", "x"], ["x-twice", "2"], ["empty", ""]] as const;
  const [ours, theirs] = [
    received(fields),
    new Headers(fields.map(([name, value]): [string, string] => [name, value])),
  ];
  for (const name of ["host", "x-twice", "accept", "empty", "none", "a", "1"]) {
    assert.deepEqual([ours.get(name), ours.has(name)], [theirs.get(name), theirs.has(name)], name);
  }
  assert.deepEqual([...ours].sort(), [...theirs].sort());
});

Deno.test("someField() asks about each field until one holds, of ReceivedFields and of Headers", () => {
  const fields = [["a", "1"], ["b", "2"], ["c", "3"]] as const;
  for (const headers of [received(fields), new Headers({ a: "1", b: "2", c: "3" })]) {
    const asked: string[] = [];
    const found = (wanted: string) =>
      someField(headers, (name, value) => {
        asked.push(`${name}=${value}`);
        return name === wanted;
      });
    assert.deepEqual([found("b"), found("none")], [true, false]);
    assert.deepEqual(asked, ["a=1", "b=2", "a=1", "b=2", "c=3"]);
  }
});
