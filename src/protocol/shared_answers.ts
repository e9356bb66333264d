/**
 * Answers that are the same for everyone: a tool's result from market data is computed once, and its texts are sent to
 * all who ask the same until the data may have changed. Tools are unaware of it.
 *
 * Scopes are checked for every call. A failure goes to those who already wait for the same answer, and is not kept.
 */

import type { Awaitable } from "../timing/awaitable.ts";
import { ExchangeError } from "../exchange/errors.ts";
import { BoundedMap } from "../market/bounded_map.ts";
import { RecordedMarket } from "../market/recorded_market.ts";
import type { MarketParts } from "../market/recorded_market.ts";
import { SavedCalls } from "../market/saved_calls.ts";
import type { Saving } from "../market/saved_calls.ts";
import { SharedWork } from "../timing/shared_work.ts";
import type { Tool, ToolContext } from "../tools/tool.ts";
import { AnswerText } from "./answer_text.ts";
import { callAtOnce, callTool } from "./tool_call.ts";
import type { ToolOutcome } from "./tool_call.ts";
import { describeError } from "./tool_error.ts";

const MAX_BYTES = 16 * 1_048_576;
const MAX_LASTING_BYTES = 1_048_576;

/** Longer arguments are rarely repeated, in characters. */
const MAX_ARGUMENTS = 2_000;

/** Memory of an answer: its value, its text, the text within a text, and both for each revision. */
const BYTES_PER_CHARACTER = 8;

/** A caller who may only read the market. */
const ANYBODY: ToolContext["caller"] = {
  identity: "anybody",
  allows: (scope) => scope === "market:read",
};

interface MadeAnswer {
  readonly outcome: ToolOutcome;
  readonly market: RecordedMarket;
  /** Reads of the exchange that sharing this answer avoids. */
  readonly reads: RecordedMarket["readCounts"];
  /** The latest answer with its age: many requests arrive within a millisecond. */
  told?: { readonly ageMs: number; readonly outcome: ToolOutcome };
}

/** Runs tools, and keeps results that depend only on market data. */
export class SharedAnswers {
  readonly #kept = new BoundedMap<string, MadeAnswer>(MAX_BYTES);
  readonly #making = new Map<string, SharedWork<MadeAnswer>>();
  /** Numbers of tools and markets, as parts of keys. */
  readonly #numbers = new WeakMap<object, number>();
  #lastNumber = 0;
  readonly #saved: Pick<SavedCalls, "add">;
  /** Answers that do not change while the server runs. */
  readonly #lasting = new BoundedMap<string, ToolOutcome>(MAX_LASTING_BYTES);

  /**
   * `saved` counts the reads that shared answers avoid.
   *
   * @default not counted
   */
  constructor(saved: Pick<SavedCalls, "add"> = new SavedCalls()) {
    this.#saved = saved;
  }

  /** Runs a tool as `callTool` does; returns at once when the answer is already there. */
  run(tool: Tool, args: unknown, context: ToolContext): Awaitable<ToolOutcome> {
    const { market, caller } = context;
    if (tool.dependsOn !== undefined && caller.allows(tool.scope)) return this.#runLasting(tool, args, context);
    if (market === undefined || tool.group !== "market" || !caller.allows(tool.scope)) {
      return callTool(tool, args, context);
    }
    const given = JSON.stringify(args) ?? "";
    if (given.length > MAX_ARGUMENTS) return callTool(tool, args, context);
    const key = `${this.#numberOf(market.exchange)} ${this.#numberOf(tool)} ${given}`;
    const kept = this.#kept.get(key);
    const nowMs = market.monotonic();
    if (kept?.market.isCurrent(nowMs)) {
      this.#countAgain(kept, "cache");
      return toldAt(kept, nowMs);
    }
    const call = { tool, args, market, context };
    const made = this.#making.has(key) ? undefined : this.#makeAtOnce(key, call);
    return made === undefined ? this.#join(key, call) : toldAt(made, nowMs);
  }

  /** Without a turn of the event loop there is nobody who could join: a change of a busy market has many readers. */
  #makeAtOnce(key: string, { tool, args, market: parts }: MarketCall): MadeAnswer | undefined {
    if (tool.runAtOnce === undefined) return undefined;
    const market = new RecordedMarket(parts);
    const value = callAtOnce(tool, args, market.atHand);
    return value && this.#keep(key, { ok: true, value }, market);
  }

  #keep(key: string, outcome: ToolOutcome & { readonly ok: true }, market: RecordedMarket): MadeAnswer {
    const text = new AnswerText(outcome.value);
    const made: MadeAnswer = { outcome: { ...outcome, text }, market, reads: market.readCounts };
    // An outdated entry would keep alive everything that it was computed from.
    const nowMs = market.monotonic();
    this.#kept.dropWhile(({ market }) => !market.isCurrent(nowMs));
    this.#kept.set(key, made, key.length + text.json.length * BYTES_PER_CHARACTER);
    return made;
  }

  #runLasting(tool: Tool, args: unknown, context: ToolContext): Awaitable<ToolOutcome> {
    const given = JSON.stringify(args) ?? "";
    if (given.length > MAX_ARGUMENTS) return callTool(tool, args, context);
    const key = `${this.#numberOf(tool)} ${given} ${tool.dependsOn?.(context)}`;
    const kept = this.#lasting.get(key);
    return kept ?? callTool(tool, args, context).then((outcome) => {
      if (!outcome.ok) return outcome;
      const text = new AnswerText(outcome.value);
      const made: ToolOutcome = { ...outcome, text };
      this.#lasting.set(key, made, key.length + text.json.length * BYTES_PER_CHARACTER);
      return made;
    });
  }

  async #join(key: string, call: MarketCall): Promise<ToolOutcome> {
    const making = this.#making.get(key);
    const isShared = making !== undefined && !making.isAbandoned;
    const work = isShared ? making : this.#make(key, call);
    try {
      const made = await work.join(call.context.signal, () => cancelled(call.tool.name));
      if (isShared) this.#countAgain(made, "coalesced");
      return toldAt(made, call.market.monotonic());
    } catch (error) {
      return { ok: false, error: describeError(error, call.tool.name) };
    }
  }

  #make(key: string, { tool, args, market: parts, context }: MarketCall): SharedWork<MadeAnswer> {
    const market = new RecordedMarket(parts);
    const { exchange, markets } = market;
    const { server } = context;
    const work = new SharedWork(async (signal) => {
      const anybodys = { exchange, markets, now: () => market.now(), signal, server, caller: ANYBODY, isPaper: false };
      const outcome = await callTool(tool, args, anybodys);
      if (this.#making.get(key) === work) this.#making.delete(key);
      return outcome.ok ? this.#keep(key, outcome, market) : { outcome, market, reads: market.readCounts };
    });
    this.#making.set(key, work);
    return work;
  }

  #countAgain({ reads: { exchange, stream } }: MadeAnswer, saving: Saving): void {
    this.#saved.add(saving, exchange);
    this.#saved.add("stream", stream);
  }

  #numberOf(part: object): number {
    const known = this.#numbers.get(part);
    if (known !== undefined) return known;
    this.#numbers.set(part, ++this.#lastNumber);
    return this.#lastNumber;
  }
}

/** An answer at the present time: with the origin of its data, and their age. */
function toldAt(made: MadeAnswer, nowMs: number): ToolOutcome {
  const { outcome, market: { provenance } } = made;
  if (!outcome.ok) return outcome;
  const { source, asOfMs } = provenance;
  const ageMs = Math.max(0, Math.round(nowMs - asOfMs));
  if (made.told?.ageMs === ageMs) return made.told.outcome;
  const added = { source, age_ms: ageMs, ...(source === "cache" ? { stale: true } : {}) };
  const text = outcome.text?.with(`,${JSON.stringify(added).slice(1, -1)}`);
  const told: ToolOutcome = {
    ok: true,
    value: { ...outcome.value, ...added },
    ...(text === undefined ? {} : { text }),
  };
  made.told = { ageMs, outcome: told };
  return told;
}

interface MarketCall {
  readonly tool: Tool;
  readonly args: unknown;
  readonly market: MarketParts;
  readonly context: ToolContext;
}

function cancelled(tool: string): ExchangeError {
  return new ExchangeError(`Cannot answer ${tool} as its caller gave up`, { code: "ERR_CANCELLED" });
}
