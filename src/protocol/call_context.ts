import type { Broker } from "../trading/broker.ts";
import type { Asking } from "../trading/confirmation/confirmer.ts";
import type { ToolContext } from "../tools/tool.ts";

/** What a caller gives up with; its signal may be made when something first listens to it. */
export interface Cancellation {
  readonly signal: AbortSignal;
}

/**
 * What one call adds to what its caller's tools work with. The signal is had from its owner, not by an accessor of an object
 * made for the call: V8 gives each such object a shape of its own, which lives until the next full collection.
 */
export interface CallFacts extends Pick<ToolContext, "asking" | "requestId"> {
  readonly cancellation: Cancellation;
}

/** What a tool works with in one call; there is one for each call, so it copies no more than it must. */
export class CallContext implements ToolContext {
  readonly caller: ToolContext["caller"];
  readonly exchange: ToolContext["exchange"];
  readonly markets: ToolContext["markets"];
  readonly market?: NonNullable<ToolContext["market"]>;
  readonly now: ToolContext["now"];
  readonly isPaper: boolean;
  readonly server: ToolContext["server"];
  readonly broker?: Broker;
  readonly asking?: Asking;
  readonly #call: CallFacts;

  constructor(callers: Omit<ToolContext, "signal">, call: CallFacts) {
    this.caller = callers.caller;
    this.exchange = callers.exchange;
    this.markets = callers.markets;
    if (callers.market !== undefined) this.market = callers.market;
    this.now = callers.now;
    this.isPaper = callers.isPaper;
    this.server = callers.server;
    if (callers.broker !== undefined) this.broker = callers.broker;
    if (call.asking !== undefined) this.asking = call.asking;
    this.#call = call;
  }

  get requestId(): ToolContext["requestId"] {
    return this.#call.requestId;
  }

  get signal(): AbortSignal {
    return this.#call.cancellation.signal;
  }
}
