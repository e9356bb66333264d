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

Deno.test("MessageBudgets gives a client no new allowance for a new connection, only what the last one left and what has refilled", () => {
  const clock = { now: 0 };
  const budgets = new MessageBudgets({ maxMessageSize: 1_000_000, now: () => clock.now });
  const open = () => budgets.open("key:ann", () => 100);
  const first = open();
  for (let count = 0; count < 699; count++) assert.ok(first.budget.take(10));
  first.ended();
  assert.equal(budgets.pauseMs("key:ann", 100), 0);
  clock.now += 6_000;
  const second = open();
  assert.equal(countTaken(second.budget), 180);
  second.ended();
  assert.equal(budgets.pauseMs("key:ann", 100), 3_825);
  assert.equal(budgets.pauseMs("key:bob", 100), 0);
});

Deno.test("MessageBudgets remembers the connection of a client that left least, however many it has", () => {
  const clock = { now: 0 };
  const budgets = new MessageBudgets({ maxMessageSize: 1_000_000, now: () => clock.now });
  const open = () => budgets.open("key:ann", () => 100);
  const [greedy, quiet] = [open(), open()];
  for (let count = 0; count < 499; count++) greedy.budget.take(10);
  greedy.ended();
  quiet.ended();
  assert.equal(countTaken(open().budget), 300);
});

Deno.test("MessageBudgets counts a connection as a message, so that connecting alone uses the allowance up", () => {
  const clock = { now: 0 };
  const budgets = new MessageBudgets({ maxMessageSize: 1_000_000, now: () => clock.now });
  let count = 0;
  while (budgets.pauseMs("key:ann", 100) === 0) {
    budgets.open("key:ann", () => 100).ended();
    count++;
  }
  assert.equal(count, 751);
});

Deno.test("MessageBudgets gives a client no new allowance of characters either, but enough for an opening", () => {
  const clock = { now: 0 };
  const budgets = new MessageBudgets({ maxMessageSize: 1_000_000, now: () => clock.now });
  const open = () => budgets.open("key:ann", () => 100);
  const first = open();
  assert.equal(countTaken(first.budget, 1_000_000), 4);
  first.ended();
  const second = open();
  assert.deepEqual([second.budget.take(65_536), second.budget.take(10)], [true, false]);
  second.ended();
  clock.now += 500;
  assert.equal(countTaken(open().budget, 1_000_000), 2);
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
