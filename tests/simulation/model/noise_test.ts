import assert from "node:assert/strict";
import { WanderingPath } from "../../../src/simulation/model/noise.ts";

const START_S = 1_700_000_000;
const DAY_S = 86_400;

Deno.test("WanderingPath.at() changes by about one standard deviation a day, and by less over less time", () => {
  for (const [spanS, expected] of [[60, 0.026], [3_600, 0.204], [DAY_S, 1], [7 * DAY_S, 2.65]] as const) {
    const deviation = changesOver(spanS);
    assert.ok(Math.abs(deviation / expected - 1) < 0.15, `${deviation} over ${spanS} s instead of ${expected}`);
  }
});

Deno.test("WanderingPath.at() does not jump from second to second", () => {
  const path = new WanderingPath(11);
  for (let second = START_S; second < START_S + 5_000; second++) {
    assert.ok(Math.abs(path.at(second + 1) - path.at(second)) < 0.05);
  }
});

Deno.test("WanderingPath.at() depends only on seed and second", () => {
  const asked = new WanderingPath(5);
  for (const second of [START_S, START_S - 9_999_999, START_S + 77]) asked.at(second);
  assert.equal(asked.at(START_S + 1), new WanderingPath(5).at(START_S + 1));
  assert.notEqual(asked.at(START_S + 1), new WanderingPath(6).at(START_S + 1));
});

function changesOver(spanS: number): number {
  let sum = 0;
  let count = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const path = new WanderingPath(seed * 7_919);
    for (let step = 0; step < 40; step++) {
      const second = START_S + step * 3_456_789;
      sum += (path.at(second + spanS) - path.at(second)) ** 2;
      count++;
    }
  }
  return Math.sqrt(sum / count);
}
