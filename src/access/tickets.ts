/**
 * One-time tickets for browsers, whose WebSockets cannot send an `Authorization` header: an authenticated client
 * requests a ticket over HTTP and sends it in the list of subprotocols.
 */

import { randomBytes } from "node:crypto";
import type { Caller } from "./caller.ts";

/** How long a ticket is valid. */
export const TICKET_SECONDS = 30;

/** Prefix of a subprotocol that carries a ticket. */
export const TICKET_PREFIX = "ticket.";

/** The most unused tickets: of one identity, and in all. */
const MAX_PER_IDENTITY = 20;
const MAX_TICKETS = 10_000;

interface Ticket {
  readonly caller: Caller;
  readonly untilMs: number;
}

/** All unused tickets. */
export class Tickets {
  readonly #tickets = new Map<string, Ticket>();
  readonly #now: () => number;

  /** `now` is monotonic milliseconds. */
  constructor(options: { now: () => number }) {
    this.#now = options.now;
  }

  /** A ticket for the caller; `undefined` when there are too many of its identity, or in all. */
  issue(caller: Caller): string | undefined {
    this.#forgetOld();
    const own = [...this.#tickets.values()].filter((ticket) => ticket.caller.identity === caller.identity);
    if (own.length >= MAX_PER_IDENTITY || this.#tickets.size >= MAX_TICKETS) return undefined;
    const text = randomBytes(32).toString("hex");
    this.#tickets.set(text, { caller, untilMs: this.#now() + TICKET_SECONDS * 1_000 });
    return text;
  }

  /** Redeems a ticket, once; `undefined` when it is unknown, used or expired. */
  redeem(text: string): Caller | undefined {
    const ticket = this.#tickets.get(text);
    this.#tickets.delete(text);
    if (ticket === undefined || this.#now() >= ticket.untilMs) return undefined;
    return ticket.caller.ending() === undefined ? ticket.caller : undefined;
  }

  /** Insertion order: the oldest come first. */
  #forgetOld(): void {
    for (const [text, { untilMs }] of this.#tickets) {
      if (this.#now() < untilMs) return;
      this.#tickets.delete(text);
    }
  }
}
