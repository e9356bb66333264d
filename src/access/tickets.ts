/**
 * One-time tickets for WebSockets of browsers, which cannot send an `Authorization` header: a caller that has been let
 * in asks for one over HTTP and shows it in the list of subprotocols.
 */

import { randomBytes } from "node:crypto";
import type { Caller } from "./caller.ts";

/** How long a ticket is good for. */
export const TICKET_SECONDS = 30;

/** What a subprotocol that carries a ticket begins with. */
export const TICKET_PREFIX = "ticket.";

/** Tickets that are not used yet: of one identity, and in all. */
const MAX_PER_IDENTITY = 20;
const MAX_TICKETS = 10_000;

interface Ticket {
  readonly caller: Caller;
  readonly untilMs: number;
}

/** Every ticket that is not used yet. */
export class Tickets {
  readonly #tickets = new Map<string, Ticket>();
  readonly #now: () => number;

  /** `now` is monotonic milliseconds. */
  constructor(options: { now: () => number }) {
    this.#now = options.now;
  }

  /** A ticket for the caller; `undefined` when it holds, or all hold, too many. */
  issue(caller: Caller): string | undefined {
    this.#forgetOld();
    const own = [...this.#tickets.values()].filter((ticket) => ticket.caller.identity === caller.identity);
    if (own.length >= MAX_PER_IDENTITY || this.#tickets.size >= MAX_TICKETS) return undefined;
    const text = randomBytes(32).toString("hex");
    this.#tickets.set(text, { caller, untilMs: this.#now() + TICKET_SECONDS * 1_000 });
    return text;
  }

  /** The caller whose ticket this is, once; `undefined` when it is none, was used, or is too old. */
  redeem(text: string): Caller | undefined {
    const ticket = this.#tickets.get(text);
    this.#tickets.delete(text);
    if (ticket === undefined || this.#now() >= ticket.untilMs) return undefined;
    return ticket.caller.ending() === undefined ? ticket.caller : undefined;
  }

  /** The oldest stand first. */
  #forgetOld(): void {
    for (const [text, { untilMs }] of this.#tickets) {
      if (this.#now() < untilMs) return;
      this.#tickets.delete(text);
    }
  }
}
