/**
 * Pushes prices to clients of the older server, which use JSON-RPC without a handshake: `subscribe {pair}` answers the
 * price, and each change is pushed as a notification with the current price; `unsubscribe {pair}` ends that. Changes
 * are detected and limited as for subscriptions to the pair's resource.
 */

import type { JSONRPCNotification, JSONRPCRequest } from "@modelcontextprotocol/server";
import { METHOD_NOT_FOUND, SERVER_BUSY } from "../errors/rpc_codes.ts";
import { getLogger } from "../logging/logger.ts";
import type { Subscription, Subscriptions, Watch } from "../session/subscriptions.ts";
import type { Awaitable } from "../timing/awaitable.ts";
import { isObject } from "../validation/is_object.ts";
import type { Answer } from "./answer.ts";
import type { Cancellation } from "./call_context.ts";
import type { ResumeResource } from "./resumed_resources.ts";
import { SUBSCRIPTIONS_FULL } from "./subscriptions_full.ts";

const log = getLogger(["luno-mcp-server", "protocol"]);

/** A price in the form that these clients expect: decimal strings, and milliseconds since the Unix epoch. */
export interface Price {
  readonly pair: string;
  readonly ask: string;
  readonly bid: string;
  readonly last_trade: string;
  readonly rolling_24_hour_volume: string;
  readonly timestamp: number;
}

/** The source of prices. */
export interface PriceSource {
  /** The plain answer of `get_crypto_price` to the parameters of this request. Never rejects. */
  answer(request: JSONRPCRequest, cancellation: Cancellation): Awaitable<Answer> | undefined;
  /** The price of an existing pair. Rejects when the exchange cannot be read. */
  read(pair: string): Promise<Price>;
  /** How to observe a pair's changes; `undefined` when that is not possible now. */
  watchOf(pair: string): Awaitable<Watch | undefined>;
}

/** Parts of a connection's pushes. */
export interface PricePushesParts {
  readonly source: PriceSource;
  readonly kept: Pick<Subscriptions, "open" | "reserve">;
  /** Sends a notification to the client. */
  readonly send: (notification: JSONRPCNotification) => void;
  /**
   * Called when the subscriptions change; the client is answered once that is stored.
   *
   * @default not stored
   */
  readonly changed?: (() => Awaitable<void>) | undefined;
  /**
   * Restores subscriptions of an earlier connection.
   *
   * @default not supported
   */
  readonly takeUp?: ResumeResource | undefined;
}

/** A pair whose price is pushed. */
interface Push {
  readonly pair: string;
  readonly subscription: Subscription;
  /** The last price that was sent, without its time. */
  told?: string;
  isDue: boolean;
  isReading: boolean;
}

/** The methods of requests that {@linkcode PricePushes} answers. */
export const PRICE_METHODS: readonly string[] = ["subscribe", "unsubscribe"];

/** The pushes of one connection. */
export class PricePushes {
  readonly #parts: PricePushesParts;
  readonly #pushes = new Map<string, Push>();

  constructor(parts: PricePushesParts) {
    this.#parts = parts;
  }

  /** A promise of the answer; `undefined` for other requests. Never rejects. */
  take(request: JSONRPCRequest, signal: AbortSignal): Promise<Answer> | undefined {
    if (!PRICE_METHODS.includes(request.method)) return undefined;
    return request.method === "subscribe" ? this.#subscribe(request, signal) : this.#unsubscribe(request, signal);
  }

  /** The pairs whose prices are pushed. */
  get pairs(): readonly string[] {
    return [...this.#pushes.keys()];
  }

  /** Restores a subscription of an earlier connection: its price is pushed at once. */
  resume(pair: string): void {
    const { source, kept, takeUp } = this.#parts;
    if (this.#pushes.has(pair) || takeUp === undefined) return;
    const watchOf = () => source.watchOf(pair);
    const subscription = takeUp(`price of ${pair}`, () => void this.#tell(pair), { watchOf, kept });
    this.#pushes.set(pair, { pair, subscription, isDue: false, isReading: false });
  }

  /** Ends all pushes. */
  close(): void {
    for (const { subscription } of this.#pushes.values()) subscription.close();
    this.#pushes.clear();
  }

  async #subscribe(request: JSONRPCRequest, signal: AbortSignal): Promise<Answer> {
    const { source, kept } = this.#parts;
    const answer = await source.answer(request, { signal }) ?? UNKNOWN_METHOD;
    const pair = pairOf(answer);
    if (pair === undefined) return answer;
    const watch = await source.watchOf(pair);
    if (watch === undefined) return unwatchable(pair);
    // Otherwise a client that has left would be watched forever.
    if (signal.aborted) return answer;
    if (!this.#pushes.has(pair)) {
      const resource = { uri: `price of ${pair}`, watch };
      const subscription = kept.open([resource], () => void this.#tell(pair));
      if (subscription === undefined) return SUBSCRIPTIONS_FULL;
      this.#pushes.set(pair, { pair, subscription, isDue: false, isReading: false });
      await this.#parts.changed?.();
    }
    // Includes changes from before the watch began.
    const price = await this.#read(pair);
    const push = this.#pushes.get(pair);
    if (price !== undefined && push !== undefined) push.told ??= withoutTime(price);
    return price === undefined ? answer : { result: price };
  }

  async #unsubscribe(request: JSONRPCRequest, signal: AbortSignal): Promise<Answer> {
    const given = request.params?.pair;
    const known = typeof given === "string" && this.#pushes.has(given) ? given : undefined;
    const answer = known ?? await this.#parts.source.answer(request, { signal }) ?? UNKNOWN_METHOD;
    const pair = typeof answer === "string" ? answer : pairOf(answer);
    if (typeof answer !== "string" && pair === undefined) return answer;
    this.#pushes.get(pair ?? "")?.subscription.close();
    this.#pushes.delete(pair ?? "");
    await this.#parts.changed?.();
    return { result: { pair, success: true } };
  }

  /** Sends the current price; several changes before that become one push. */
  async #tell(pair: string): Promise<void> {
    const push = this.#pushes.get(pair);
    if (push === undefined) return;
    push.isDue = true;
    if (push.isReading) return;
    push.isReading = true;
    while (push.isDue) {
      push.isDue = false;
      const price = await this.#read(pair);
      if (this.#pushes.get(pair) !== push) break;
      if (price === undefined || withoutTime(price) === push.told) continue;
      push.told = withoutTime(price);
      this.#parts.send({ jsonrpc: "2.0", method: "price_update", params: { ...price } });
    }
    push.isReading = false;
  }

  async #read(pair: string): Promise<Price | undefined> {
    try {
      return await this.#parts.source.read(pair);
    } catch (error) {
      log.debug("watched price cannot be read", { pair, error });
      return undefined;
    }
  }
}

const UNKNOWN_METHOD: Answer = { error: { code: METHOD_NOT_FOUND, message: "Method not found" } };

function unwatchable(pair: string): Answer {
  const message = `Cannot subscribe to the price of ${pair} as it cannot be read now: try again in a moment`;
  return { error: { code: SERVER_BUSY, message, data: { code: "ERR_BUSY", retryable: true } } };
}

function withoutTime({ timestamp: _timestamp, ...price }: Price): string {
  return JSON.stringify(price);
}

/** The pair of an answer; `undefined` for an error. */
function pairOf(answer: Answer): string | undefined {
  if ("error" in answer) return undefined;
  const result: unknown = "resultJson" in answer ? JSON.parse(answer.resultJson) : answer.result;
  return isObject(result) && typeof result.pair === "string" ? result.pair : undefined;
}
