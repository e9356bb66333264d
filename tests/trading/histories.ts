/**
 * Random histories: callers place, cancel, replace and repeat while the wire fails, clocks jump and the process dies at
 * any step. What the callers were told is kept, for `history_judge.ts` to compare with the exchange and the journal.
 */

import type { ExchangeClient } from "../../src/exchange/client.ts";
import type { CancelAllResult, CancelResult } from "../../src/trading/cancel.ts";
import { Desk } from "../../src/trading/desk.ts";
import type { DeskOptions } from "../../src/trading/desk_parts.ts";
import { InstanceLock } from "../../src/trading/instance_lock.ts";
import type { Placement } from "../../src/trading/journal.ts";
import type { Order } from "../../src/trading/order.ts";
import type { Terms } from "../../src/trading/placement.ts";
import type { PlacementResult } from "../../src/trading/placement_result.ts";
import { type Policy, sealPolicy } from "../../src/trading/policy.ts";
import type { ReplaceResult } from "../../src/trading/replace.ts";
import { TradingStore } from "../../src/trading/store.ts";
import { Dice, drawFault, makeOrder, ORDER_KINDS } from "./chance.ts";
import type { FaultyExchange, Seen, WireFault } from "./faulty_exchange.ts";
import { type Flaw, flawed, Life } from "./perils.ts";

/** How a history is run. */
export interface HistoryOptions {
  /** The same seed and number make the same choices. */
  readonly seed: number;
  readonly number: number;
  readonly exchange: FaultyExchange;
  /** An empty folder for the record. */
  readonly folder: string;
  /** Over sockets rather than within the process. */
  readonly overSockets: boolean;
  readonly flaw?: Flaw | undefined;
}

/** One order that a caller means to have; at the exchange it is known by its price or amount, whatever its ids. */
export interface Intent {
  readonly number: number;
  readonly identity: string;
  readonly previewId: string;
  readonly key: string | null;
  readonly order: Order;
  /** The number of another order, under whose key this one is asked for: only one of them may be placed. */
  readonly rivals?: number;
  /** The client order id that it replaces. */
  readonly replaces?: string | undefined;
}

/** What somebody was told. */
export type Told =
  | { readonly kind: "placement"; readonly intent: Intent; readonly result: PlacementResult }
  | { readonly kind: "replace"; readonly intent: Intent; readonly result: ReplaceResult }
  | { readonly kind: "cancel"; readonly result: CancelResult }
  | { readonly kind: "cancel_all"; readonly result: CancelAllResult };

/** A history that has ended; the judge closes the record. */
export interface History {
  readonly startedAt: number;
  readonly policy: Policy;
  readonly intents: readonly Intent[];
  readonly told: readonly Told[];
  readonly store: TradingStore;
  readonly crashes: number;
  readonly faults: number;
  /** What threw, which nothing here may. */
  readonly errors: readonly unknown[];
}

/** What an order of these histories is worth at most, in ZAR: the amount that counts against the day's limit. */
export const NOTIONAL = "1000";

const IDENTITIES = ["local", "key:alice"];
const SKEWS_MS = [0, 0, 300, -300, 1_500, -1_500, 5_000, -5_000, 3_600_000, -3_600_000];
const BACKGROUND_MS = 2_100;

/** Over sockets a request that is never answered is given up after so long; no other wait here is on the real clock. */
const REAL_DEADLINE_MS = 50;

/** Runs one history to its end: the wire healed, everything arrived, every placement looked for. */
export async function runHistory(options: HistoryOptions): Promise<History> {
  const run = new Run(options);
  return await run.live();
}

/** One history while it runs. */
class Run {
  readonly #options: HistoryOptions;
  readonly #dice: Dice;
  readonly #policy: Policy;
  readonly #startedAt: number;
  readonly #faultiness: number;
  readonly #intents: Intent[] = [];
  readonly #told: Told[] = [];
  readonly #errors: unknown[] = [];
  readonly #clients: ExchangeClient[] = [];
  readonly #underWay = new Set<Promise<unknown>>();
  #sleepers: (() => void)[] = [];
  #store: TradingStore;
  #lock: InstanceLock;
  #life: Life;
  #desk: Desk;
  #skewMs = 0;
  #crashes = 0;
  #faults = 0;
  #isHealed = false;

  constructor(options: HistoryOptions) {
    this.#options = options;
    this.#dice = new Dice(options.seed * 1_000_003 + options.number * 7_919);
    const { exchange } = options;
    this.#startedAt = exchange.clock.now;
    this.#faultiness = this.#dice.pick([0, 0.1, 0.25, 0.5, 0.9]);
    this.#policy = sealPolicy({
      mode: "auto",
      maxPerDay: { amount: String(1_000 * (3 + this.#dice.below(6))), currency: "ZAR" },
      maxOpenOrders: 2 + this.#dice.below(4),
      maxOrdersPerMinute: 3 + this.#dice.below(6),
    });
    exchange.fault = (seen) => this.#draw(seen);
    this.#store = this.#openStore();
    this.#lock = this.#enter();
    this.#life = this.#newLife();
    this.#desk = this.#openDesk();
  }

  async live(): Promise<History> {
    await this.#recover();
    const rounds = 2 + this.#dice.below(4);
    for (let round = 0; round < rounds; round++) {
      const acts = Array.from({ length: this.#dice.pick([1, 1, 2, 3]) }, () => this.#act());
      await Promise.all(acts);
      await this.#survive();
      if (this.#dice.chance(0.3)) await this.#options.exchange.advance(this.#dice.below(20_000));
      if (this.#dice.chance(0.2)) this.#skewMs = this.#dice.pick(SKEWS_MS);
      if (this.#dice.chance(0.2)) this.#wake();
    }
    return await this.#end();
  }

  /** Heals everything, lets all that is late arrive, and gives the desk the time to find out. */
  async #end(): Promise<History> {
    const { exchange } = this.#options;
    this.#isHealed = true;
    this.#skewMs = 0;
    if (this.#dice.chance(0.5)) this.#life.end();
    await exchange.advance(20_000);
    await Promise.allSettled(this.#underWay);
    this.#life.end();
    await this.#survive(Infinity);
    await exchange.advance(20_000);
    await this.#desk.recover();
    await this.#desk.refresh();
    for (const again of this.#real.filter(({ key }) => key !== null)) await this.#perform(this.#replay(again));
    await this.#desk.stop();
    for (const client of this.#clients) client.close();
    this.#lock.release();
    exchange.fault = () => undefined;
    const [startedAt, policy, crashes, faults] = [this.#startedAt, this.#policy, this.#crashes, this.#faults];
    const [intents, told, errors, store] = [this.#intents, this.#told, this.#errors, this.#store];
    return { startedAt, policy, intents, told, store, crashes, faults, errors };
  }

  get #terms(): Terms {
    return { policy: this.#policy, notional: { amount: NOTIONAL, currency: "ZAR" } };
  }

  get #real(): readonly Intent[] {
    return this.#intents.filter(({ rivals }) => rivals === undefined);
  }

  /** One caller's call, of which nobody hears when the process dies meanwhile. */
  async #act(): Promise<void> {
    const die = this.#dice.unit();
    if (die < 0.5) return await this.#perform(this.#place(this.#newIntent()));
    if (die < 0.65 && this.#real.length > 0) {
      return await this.#perform(this.#repeat(this.#dice.pick(this.#real)));
    }
    if (die < 0.8 && this.#real.length > 0) return await this.#perform(this.#cancel(this.#dice.pick(this.#real)));
    if (die < 0.95 && this.#real.length > 0) {
      return await this.#perform(this.#replace(this.#dice.pick(this.#real)));
    }
    const result = this.#desk.cancelAll(this.#dice.chance(0.5) ? { pair: "XBTZAR" } : {}, "local");
    await this.#perform(result.then((result) => ({ kind: "cancel_all", result })));
  }

  async #perform(call: Promise<Told | undefined>): Promise<void> {
    const life = this.#life;
    const outcome = call.then((told) => {
      if (!life.isOver && told !== undefined) this.#told.push(told);
    }, (error) => {
      if (!life.isOver) this.#errors.push(error);
    });
    await Promise.race([outcome, life.death]);
  }

  async #place(intent: Intent, idempotencyKey: string | null = intent.key): Promise<Told> {
    const { identity, previewId, order } = intent;
    const signal = this.#dice.chance(0.1) ? AbortSignal.abort() : undefined;
    const request = { order, identity, previewId, idempotencyKey, termsOf: () => this.#terms };
    return { kind: "placement", intent, result: await this.#desk.place(request, { signal }) };
  }

  /** The same call again, or one that only looks like it. */
  async #repeat(intent: Intent): Promise<Told> {
    if (intent.replaces !== undefined) return await this.#replay(intent);
    const die = this.#dice.unit();
    if (die < 0.6) return await this.#place(intent);
    // Without a key another preview would be another order.
    if (intent.key === null) return await this.#place(intent);
    if (die < 0.8) return await this.#place({ ...intent, previewId: `${intent.previewId}-again` });
    const rival: Intent = { ...this.#newIntent(), rivals: intent.number, identity: intent.identity };
    this.#intents[rival.number] = rival;
    return await this.#place(rival, intent.key);
  }

  async #replay(intent: Intent): Promise<Told> {
    return intent.replaces === undefined ? await this.#place(intent) : await this.#replaceBy(intent, intent.replaces);
  }

  async #cancel(intent: Intent): Promise<Told | undefined> {
    const placement = this.#placementOf(intent);
    if (placement === undefined) return undefined;
    const { orderId, clientOrderId } = placement;
    const target = orderId !== null && this.#dice.chance(0.5) ? { orderId } : { clientOrderId };
    return { kind: "cancel", result: await this.#desk.cancel(target, intent.identity) };
  }

  async #replace(old: Intent): Promise<Told | undefined> {
    const placement = this.#placementOf(old);
    if (placement === undefined || old.order.type === "market") return undefined;
    const next: Intent = { ...this.#newIntent("resting"), identity: old.identity, replaces: placement.clientOrderId };
    this.#intents[next.number] = next;
    return await this.#replaceBy(next, placement.clientOrderId);
  }

  async #replaceBy(intent: Intent, clientOrderId: string): Promise<Told> {
    const { identity, previewId, key, order } = intent;
    const placing = { order, identity, previewId, idempotencyKey: key, termsOf: () => this.#terms };
    return { kind: "replace", intent, result: await this.#desk.replace({ target: { clientOrderId }, ...placing }) };
  }

  #placementOf({ previewId }: Intent): Placement | undefined {
    return this.#store.journal.findByPreview(previewId);
  }

  /** A new order, with a price or an amount that no other order of the history has. */
  #newIntent(kind = this.#dice.pick(ORDER_KINDS)): Intent {
    const number = this.#intents.length;
    const order = makeOrder(kind, number);
    const [identity, previewId] = [this.#dice.pick(IDENTITIES), `p${this.#options.number}-${number}`];
    const intent = { number, identity, previewId, key: this.#dice.chance(0.6) ? `k${number}` : null, order };
    this.#intents.push(intent);
    return intent;
  }

  #draw({ method, path }: Seen): WireFault | undefined {
    if (this.#isHealed || path.endsWith("ticker") || !this.#dice.chance(this.#faultiness)) return undefined;
    this.#faults++;
    return drawFault(this.#dice, { method, isSilencePossible: this.#options.overSockets });
  }

  /** After a crash the record is opened anew and a new process begins, which may die as well. */
  async #survive(steps?: number): Promise<void> {
    while (this.#life.isOver) {
      this.#crashes++;
      this.#sleepers = [];
      this.#store.close();
      // The system frees the lock of a process that has died; its row stays.
      this.#lock.release();
      this.#store = this.#openStore();
      this.#lock = this.#enter();
      this.#life = this.#newLife(steps);
      this.#desk = this.#openDesk();
      await this.#recover();
    }
  }

  async #recover(): Promise<void> {
    await this.#perform(this.#desk.recover().then(() => undefined));
    if (this.#life.isOver) await this.#survive();
  }

  #newLife(steps = this.#dice.chance(0.45) ? 1 + this.#dice.below(40) : Infinity): Life {
    return new Life(steps);
  }

  #wake(): void {
    for (const wake of this.#sleepers.splice(0)) wake();
  }

  #openStore(): TradingStore {
    return TradingStore.open(this.#options.folder, { now: () => this.#now() });
  }

  #enter(): InstanceLock {
    const lock = InstanceLock.take(this.#options.folder);
    this.#store.instances.add({ id: lock.id, pid: Deno.pid, command: "serve", startedAt: 0, cancels: ["real"] });
    return lock;
  }

  #now(): number {
    return this.#options.exchange.clock.now + this.#skewMs;
  }

  #openDesk(): Desk {
    const { exchange, overSockets, flaw } = this.#options;
    const client = exchange.connect({
      skewMs: () => this.#skewMs,
      withoutSockets: !overSockets,
      random: this.#dice.unit,
    });
    this.#clients.push(client);
    const life = this.#life;
    const onLeaving = (call: Promise<unknown>): void => {
      const settled = call.then(() => {}, () => {}).finally(() => this.#underWay.delete(settled));
      this.#underWay.add(settled);
    };
    const { audit, instances } = this.#store;
    const { id } = this.#lock;
    const parts: DeskOptions = {
      exchange: life.exchange(client, { onLeaving, ...(overSockets ? { deadlineMs: REAL_DEADLINE_MS } : {}) }),
      journal: life.journal(this.#store.journal),
      audit: {
        record: (...args) => {
          life.step();
          audit.record(...args);
        },
      },
      instance: { id, takeOver: () => life.isOver ? 0 : instances.takeOver(id, ["real"]) },
      paper: false,
      now: () => this.#now(),
      monotonic: () => exchange.clock.now,
      random: this.#dice.unit,
      sleep: (ms: number, signal: AbortSignal) => this.#sleep(ms, { signal, life }),
    };
    return new Desk(flawed(parts, flaw, this.#store));
  }

  async #sleep(ms: number, { signal, life }: { signal: AbortSignal; life: Life }): Promise<void> {
    if (life.isOver) return await new Promise(() => {});
    if (ms <= BACKGROUND_MS) return await this.#options.exchange.advance(ms);
    await new Promise<void>((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      this.#sleepers.push(resolve);
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  }
}
