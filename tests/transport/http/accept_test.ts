import assert from "node:assert/strict";
import fc from "fast-check";
import { acceptance, EVENTS_TYPE, JSON_TYPE } from "../../../src/transport/http/accept.ts";

/** Headers, and how much JSON and events are wanted. */
const HEADERS: readonly (readonly [header: string | null, json: number, events: number])[] = [
  [null, 1, 1],
  ["  ", 1, 1],
  ["*/*", 1, 1],
  ["application/json", 1, 0],
  ["Application/JSON ; charset=utf-8", 1, 0],
  ["text/*;q=0.5, */*;q=0.1", 0.1, 0.5],
  ["application/*, application/json;q=0.2", 0.2, 0],
  ["*/*, text/event-stream;q=0", 1, 0],
  ["text/event-stream;q=1.000, application/json;q=0.001", 0.001, 1],
  ["application/json;q=2", 1, 0],
  ["application/json;q=-1", 0, 0],
  ["application/json;q=", 1, 0],
  ["application/json;q=much", 1, 0],
  // As Java's HttpURLConnection has it.
  ["text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", 0.2, 0.2],
  ["*", 1, 1],
  ["application/json;q=0.33333, text/event-stream;q=1.0000", 0.33333, 1],
  ["application/jsonx, text/event-stream-bogus", 0, 0],
  ["json, */json, , ;", 0, 0],
];

for (const [header, json, events] of HEADERS) {
  Deno.test(`acceptance() of ${JSON.stringify(header)} is ${json} for JSON and ${events} for events`, () => {
    assert.deepEqual([acceptance(header, JSON_TYPE), acceptance(header, EVENTS_TYPE)], [json, events]);
  });
}

Deno.test("acceptance() accepts any text without throwing", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme-ascii" }), (header) => {
    const weight = acceptance(header, JSON_TYPE);
    assert.ok(weight >= 0 && weight <= 1);
  }));
});
