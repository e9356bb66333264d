import type { Broker } from "../trading/broker.ts";
import type { Asking } from "../trading/confirmation/confirmer.ts";
import type { ToolContext } from "../tools/tool.ts";

/** Cancels a call; its signal may be created when something first listens to it. */
export interface Cancellation {
  readonly signal: AbortSignal;
}

/**
 * What one call adds to its caller's context. The signal is taken from its owner, not from an accessor on a per-call
 * object: V8 gives each such object its own shape, which lives until the next full collection.
 */
export interface CallFacts extends Pick<ToolContext, "asking" | "requestId"> {
  readonly cancellation: Cancellation;
}

/** The context of a tool in one call; as one is created per call, it copies as little as possible. */
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
