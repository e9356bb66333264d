import assert from "node:assert/strict";
import { MessageBudget, MessageBudgets } from "../../src/session/message_budget.ts";

function setup({ rateLimit = 100, maxMessageSize = 1_000_000 } = {}) {
  const clock = { now: 0 };
  const limits = { rateLimit };
  const budget = new MessageBudget({ rateLimit: () => limits.rateLimit, maxMessageSize, now: () => clock.now });
  return { budget, clock, limits };
}

/** How many messages of `characters` are taken before one is not. */
function countTaken(budget: MessageBudget, characters = 10): number {
  let count = 0;
  while (budget.take(characters)) count++;
  return count;
}

Deno.test("MessageBudget allows a burst of twice the rate limit and 600 messages, and as many per minute", () => {
  const { budget, clock } = setup();
  assert.equal(countTaken(budget), 800);
  clock.now += 6_000;
  assert.equal(countTaken(budget), 80);
});

Deno.test("MessageBudget follows a rate limit that changes while the connection is open", () => {
  const { budget, clock, limits } = setup();
  countTaken(budget);
  limits.rateLimit = 1_000;
  clock.now += 60_000;
  assert.equal(countTaken(budget), 2_600);
});

Deno.test("MessageBudget allows four of the largest messages a second, whatever the rate limit", () => {
  const { budget, clock } = setup({ rateLimit: 1_000_000 });
  assert.equal(countTaken(budget, 1_000_000), 4);
  clock.now += 500;
  assert.equal(countTaken(budget, 1_000_000), 2);
});

Deno.test("MessageBudgets gives a client that was cut off what has refilled since, at least 50 messages, and others a full budget", () => {
  const clock = { now: 0 };
  const budgets = new MessageBudgets({ maxMessageSize: 1_000_000, now: () => clock.now });
  const open = (identity: string) => budgets.open(identity, () => 100);
  const first = open("key:ann");
  assert.equal(countTaken(first.budget), 800);
  first.cutOff();
  assert.equal(countTaken(open("key:ann").budget), 50);
  assert.equal(countTaken(open("key:bob").budget), 800);
  clock.now += 30_000;
  assert.equal(countTaken(open("key:ann").budget), 400);
  clock.now += 30_000;
  assert.equal(countTaken(open("key:ann").budget), 800);
});

Deno.test("MessageBudgets keeps a client that was cut off away until 50 messages have refilled, and no other client", () => {
  const clock = { now: 0 };
  const budgets = new MessageBudgets({ maxMessageSize: 1_000_000, now: () => clock.now });
  assert.equal(budgets.pauseMs("key:ann", 100), 0);
  budgets.open("key:ann", () => 100).cutOff();
  assert.equal(budgets.pauseMs("key:ann", 100), 3_750);
  assert.equal(budgets.pauseMs("key:bob", 100), 0);
  clock.now += 3_000;
  assert.equal(budgets.pauseMs("key:ann", 100), 750);
  clock.now += 750;
  assert.equal(budgets.pauseMs("key:ann", 100), 0);
});
