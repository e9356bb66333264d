import assert from "node:assert/strict";
import { AccessFile } from "../../src/access/access_file.ts";
import { Caller } from "../../src/access/caller.ts";
import { TICKET_SECONDS, Tickets } from "../../src/access/tickets.ts";
import { callerOf } from "../support/callers.ts";

const LIFETIME_MS = TICKET_SECONDS * 1_000;

function open() {
  const clock = { now: 5_000 };
  return { clock, tickets: new Tickets({ now: () => clock.now }) };
}

function issued(tickets: Tickets, caller = callerOf("key:ann")): string {
  const ticket = tickets.issue(caller);
  assert.ok(ticket !== undefined);
  return ticket;
}

Deno.test("Tickets.issue() gives 256 random bits, different each time", () => {
  const { tickets } = open();
  const texts = [issued(tickets), issued(tickets)];
  for (const text of texts) assert.match(text, /^[0-9a-f]{64}$/);
  assert.notEqual(texts[0], texts[1]);
});

Deno.test("Tickets.redeem() returns the caller it was issued for, once", () => {
  const { tickets } = open();
  const caller = callerOf("key:ann").narrowedTo(new Set(["market:read"]));
  const ticket = issued(tickets, caller);
  assert.equal(tickets.redeem(ticket), caller);
  assert.equal(tickets.redeem(ticket), undefined);
});

Deno.test("Tickets.redeem() refuses a ticket that was never issued", () => {
  const { tickets } = open();
  const ticket = issued(tickets);
  for (
    const text of ["", ticket.slice(1), `${ticket}0`, ticket.toUpperCase() === ticket ? "x" : ticket.toUpperCase()]
  ) {
    assert.equal(tickets.redeem(text), undefined, text);
  }
  assert.ok(tickets.redeem(ticket));
});

Deno.test(`Tickets.redeem() refuses a ticket after ${TICKET_SECONDS} s`, () => {
  const { tickets, clock } = open();
  const [inTime, late] = [issued(tickets), issued(tickets)];
  clock.now += LIFETIME_MS - 1;
  assert.ok(tickets.redeem(inTime));
  clock.now += 1;
  assert.equal(tickets.redeem(late), undefined);
});

Deno.test("Tickets.redeem() refuses a ticket whose caller's credential has since ended", () => {
  const { tickets } = open();
  let isRevoked = false;
  const { credential } = callerOf("key:ann");
  const caller = new Caller({
    credential: { ...credential, isRevoked: () => isRevoked },
    address: "127.0.0.1",
    grants: new AccessFile(),
    now: () => 0,
  });
  const ticket = issued(tickets, caller);
  isRevoked = true;
  assert.equal(tickets.redeem(ticket), undefined);
});

Deno.test("Tickets.issue() refuses an identity that holds 20, and only that one, until one is used or expires", () => {
  const { tickets, clock } = open();
  const first = issued(tickets);
  for (let count = 1; count < 20; count++) issued(tickets);
  assert.equal(tickets.issue(callerOf("key:ann")), undefined);
  issued(tickets, callerOf("key:bob"));
  assert.ok(tickets.redeem(first));
  issued(tickets);
  assert.equal(tickets.issue(callerOf("key:ann")), undefined);
  clock.now += LIFETIME_MS;
  issued(tickets);
});

Deno.test("Tickets.issue() holds at most 10000 tickets", () => {
  const { tickets, clock } = open();
  for (let count = 0; count < 10_000; count++) issued(tickets, callerOf(`key:k${count % 500}`));
  assert.equal(tickets.issue(callerOf("key:late")), undefined);
  clock.now += LIFETIME_MS;
  issued(tickets, callerOf("key:late"));
});
