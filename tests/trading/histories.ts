/**
 * Random histories: callers of one process, or of several on one record, place, cancel, replace and repeat while the
 * connection fails, clocks jump, call budgets run out, rights end, trading is halted and processes die at any step. The
 * callers' answers are kept, for `history_checker.ts` to compare with the exchange and the journal.
 */

import type { CancelAllResult } from "../../src/trading/execution/cancel_all.ts";
import type { CancelResult } from "../../src/trading/execution/cancel_result.ts";
import type { Placement } from "../../src/trading/record/recorded_placement.ts";
import type { Order } from "../../src/trading/orders/order.ts";
import type { SendingRights } from "../../src/trading/execution/sending_terms.ts";
import { refuse } from "../../src/trading/execution/placement_result.ts";
import type { PlacementResult } from "../../src/trading/execution/placement_result.ts";
import { type Policy, sealPolicy } from "../../src/trading/policy/policy.ts";
import type { ReplaceResult } from "../../src/trading/execution/replace.ts";
import type { SqliteRecord } from "../../src/state/record/sqlite/record.ts";
import { Dice, drawFault, makeOrder, ORDER_KINDS } from "./chance.ts";
import type { FaultyExchange, Seen, WireFault } from "./faulty_exchange.ts";
import { HistoryProcess } from "./history_process.ts";
import type { Flaw } from "./fault_plan.ts";
import { rightsBy } from "./sending_rights.ts";

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

/** One order that a caller wants to have; the exchange knows it by its price or amount, whatever its ids. */
export interface Intent {
  readonly number: number;
  readonly identity: string;
  readonly previewId: string;
  readonly key: string | null;
  readonly order: Order;
  /** The number of another order, under whose key this one is requested: only one of them may be placed. */
  readonly rivals?: number;
  /** The client order id that it replaces. */
  readonly replaces?: string | undefined;
}

/** An answer to a caller. */
export type Told =
  | { readonly kind: "placement"; readonly intent: Intent; readonly result: PlacementResult }
  | { readonly kind: "replace"; readonly intent: Intent; readonly result: ReplaceResult }
  | { readonly kind: "cancel"; readonly result: CancelResult }
  | { readonly kind: "cancel_all"; readonly result: CancelAllResult };

/** A history that has ended; the checker closes the record. */
export interface History {
  readonly startedAt: number;
  readonly policy: Policy;
  readonly intents: readonly Intent[];
  readonly told: readonly Told[];
  readonly store: SqliteRecord;
  /** Previews that were shown before their orders were placed. */
  readonly shown: ReadonlySet<string>;
  readonly processes: number;
  readonly crashes: number;
  readonly faults: number;
  /** Times at which trading was halted. */
  readonly halts: number;
  /** Calls whose caller aborted or lost its rights before the end. */
  readonly ended: number;
  /** Client order ids of orders that were sent when every call for them had ended. */
  readonly forbidden: readonly string[];
  /** Orders that were open when the request to cancel all was considered done. */
  readonly left: readonly string[];
  /** Client order ids of orders that could not be replaced in the end, although nobody has. */
  readonly stuck: readonly string[];
  /** Errors thrown, of which there may be none. */
  readonly errors: readonly unknown[];
}

/** Maximum value of an order of these histories, in ZAR: the amount that counts against the day's limit. */
export const NOTIONAL = "1000";

const IDENTITIES = ["local", "key:alice"];
const SKEWS_MS = [0, 0, 300, -300, 1_500, -1_500, 5_000, -5_000, 3_600_000, -3_600_000];

/** Rounds of cancelling after which a request must be done, with a working connection. */
const MAX_ROUNDS = 400;

/** Runs one history to its end: the connection repaired, everything arrived, every placement looked up. */
export async function runHistory(options: HistoryOptions): Promise<History> {
  const run = new Run(options);
  return await run.live();
}

/** One call, and what may end it. */
interface Call {
  readonly process: HistoryProcess;
  readonly caller: AbortController;
  isRevoked: boolean;
}

/** Something that happens after so many steps of any process. */
interface PlannedFault {
  steps: number;
  readonly happen: () => void;
}

/** One history while it runs. */
class Run {
  readonly #options: HistoryOptions;
  readonly #dice: Dice;
  readonly #policy: Policy;
  readonly #startedAt: number;
  readonly #faultiness: number;
  readonly #callsPerMinute: number;
  readonly #isFaulty: boolean;
  readonly #intents: Intent[] = [];
  readonly #told: Told[] = [];
  readonly #errors: unknown[] = [];
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #skewsMs: number[];
  readonly #processes: HistoryProcess[];
  /** By preview. */
  readonly #calls = new Map<string, Call[]>();
  /** What is shown when decides nothing else. */
  readonly #previewDice: Dice;
  /** Previews that a process has shown, for any process to place. */
  readonly #shown = new Set<string>();
  readonly #forbidden: string[] = [];
  readonly #left: string[] = [];
  #faultPlan: PlannedFault[] = [];
  #outageUntil = 0;
  #crashes = 0;
  #faults = 0;
  #halts = 0;
  #ended = 0;
  #isHealed = false;

  constructor(options: HistoryOptions) {
    this.#options = options;
    this.#dice = new Dice(options.seed * 1_000_003 + options.number * 7_919);
    this.#previewDice = new Dice(options.seed * 7_919 + options.number * 1_000_003);
    const { exchange, number } = options;
    this.#startedAt = exchange.clock.now;
    this.#faultiness = this.#dice.pick([0, 0.1, 0.25, 0.5, 0.9]);
    this.#policy = sealPolicy({
      mode: "auto",
      maxPerDay: { amount: String(1_000 * (3 + this.#dice.below(6))), currency: "ZAR" },
      maxOpenOrders: 2 + this.#dice.below(4),
      maxOrdersPerMinute: 3 + this.#dice.below(6),
    });
    this.#isFaulty = this.#dice.chance(0.5);
    this.#callsPerMinute = this.#dice.chance(0.25) ? 5 + this.#dice.below(30) : 1_000_000;
    exchange.fault = (seen) => this.#draw(seen);
    // Two histories of five have several processes.
    const count = number % 5 < 2 ? 2 + number % 2 : 1;
    this.#skewsMs = Array.from({ length: count }, () => 0);
    this.#processes = this.#skewsMs.map((_skew, place) => this.#start(place));
  }

  async live(): Promise<History> {
    for (const place of this.#processes.keys()) await this.#recover(place);
    const rounds = 2 + this.#dice.below(4);
    for (let round = 0; round < rounds; round++) {
      if (this.#isFaulty && this.#dice.chance(0.6)) this.#faultPlan.push(this.#newFault());
      const acts = Array.from({ length: this.#dice.pick([1, 1, 2, 3]) }, () => this.#act());
      await Promise.all(acts);
      await this.#survive();
      await this.#workOnRequests();
      if (this.#dice.chance(0.3)) await this.#options.exchange.advance(this.#dice.below(20_000));
      if (this.#dice.chance(0.2)) this.#skewsMs[this.#dice.below(this.#skewsMs.length)] = this.#dice.pick(SKEWS_MS);
      if (this.#dice.chance(0.2)) { for (const process of this.#processes) process.wake(); }
      if (this.#dice.chance(0.2)) this.#lift();
    }
    return await this.#end();
  }

  /** Repairs everything, lets all that is late arrive, and gives the executors the time to find out. */
  async #end(): Promise<History> {
    const { exchange } = this.#options;
    this.#isHealed = true;
    this.#faultPlan = [];
    this.#skewsMs.fill(0);
    for (const process of this.#processes) if (this.#dice.chance(0.5)) process.life.end();
    await exchange.advance(20_000);
    await Promise.allSettled(this.#underWay);
    for (const process of this.#processes) process.life.end();
    await this.#survive(Infinity);
    await exchange.advance(20_000);
    await this.#findOut();
    for (const process of this.#processes) await process.executor.refresh();
    await this.#completeRequests();
    this.#lift();
    const again = this.#real.filter(({ key }) => key !== null);
    for (const intent of again) await this.#perform(intent.previewId, (call) => this.#replay(intent, call));
    const stuck = this.#stuck;
    await this.#findOut();
    for (const process of this.#processes) await process.end();
    exchange.fault = () => undefined;
    for (const { store } of this.#processes.slice(1)) store.close();
    const [{ store }] = [this.#anyProcess(0)];
    return {
      startedAt: this.#startedAt,
      policy: this.#policy,
      intents: this.#intents,
      told: this.#told,
      store,
      shown: this.#shown,
      processes: this.#processes.length,
      crashes: this.#crashes,
      faults: this.#faults,
      halts: this.#halts,
      ended: this.#ended,
      forbidden: this.#forbidden,
      left: this.#left,
      stuck,
      errors: this.#errors,
    };
  }

  /** Lets every process look up what it has to; a call budget may need some minutes for that. */
  async #findOut(): Promise<void> {
    const { store } = this.#anyProcess(0);
    for (let round = 0; round < 10; round++) {
      for (const process of this.#processes) await process.executor.recover();
      if (store.journal.unsettled().length === 0) return;
      await this.#options.exchange.advance(60_000);
    }
  }

  /** What the last replacements of all, of which none is under way any more, were told of another call that is not. */
  get #stuck(): string[] {
    const { store: { journal } } = this.#anyProcess(0);
    const last = new Map(this.#told.flatMap((told) => told.kind === "replace" ? [[told.intent, told.result]] : []));
    const replaced = this.#intents.filter(({ previewId }) => journal.findByPreview(previewId) !== undefined);
    return [...last].flatMap(([{ key, replaces }, result]) => {
      const isRefused = result.status === "not_replaced" && "reason" in result.old &&
        result.old.reason === "ERR_REPLACED_ALREADY";
      if (key === null || replaces === undefined || !isRefused) return [];
      return replaced.some((intent) => intent.replaces === replaces) ? [] : [replaces];
    });
  }

  get #real(): readonly Intent[] {
    return this.#intents.filter(({ rivals }) => rivals === undefined);
  }

  #anyProcess(place = this.#dice.below(this.#processes.length)): HistoryProcess {
    const process = this.#processes[place];
    if (process === undefined) throw new RangeError(`Cannot find process ${place}`);
    return process;
  }

  /** One caller's call, which gets no answer when its process dies meanwhile. */
  async #act(): Promise<void> {
    const die = this.#dice.unit();
    const old = this.#real.length > 0 ? this.#dice.pick(this.#real) : undefined;
    if (die < 0.5 || old === undefined) {
      const intent = this.#newIntent();
      this.#show(intent);
      return await this.#perform(intent.previewId, (call) => this.#place(intent, call));
    }
    if (die < 0.65) return await this.#perform(old.previewId, (call) => this.#repeat(old, call));
    if (die < 0.8) return await this.#perform(null, ({ process }) => this.#cancel(old, process));
    if (die < 0.95) return await this.#perform(null, (call) => this.#replace(old, call));
    const filter = this.#dice.chance(0.5) ? { pair: "XBTZAR" } : {};
    await this.#perform(null, async ({ process }) => {
      return { kind: "cancel_all", result: await process.executor.cancelAll(filter, "local") };
    });
  }

  async #perform(previewId: string | null, run: (call: Call) => Promise<Told | undefined>): Promise<void> {
    const call: Call = { process: this.#anyProcess(), caller: new AbortController(), isRevoked: false };
    const { life } = call.process;
    if (previewId !== null) this.#note(previewId, call);
    const outcome = run(call).then((told) => {
      if (!life.isOver && told !== undefined) this.#told.push(told);
    }, (error) => {
      if (!life.isOver) this.#errors.push(error);
    });
    await Promise.race([outcome, life.death]);
  }

  #note(previewId: string, call: Call): void {
    this.#calls.set(previewId, [...this.#calls.get(previewId) ?? [], call]);
  }

  async #place(intent: Intent, call: Call, idempotencyKey: string | null = intent.key): Promise<Told> {
    const { identity, previewId, order } = intent;
    this.#note(previewId, call);
    if (this.#dice.chance(0.1)) call.caller.abort();
    const takesPreview = this.#shown.has(previewId);
    const request = { order, identity, previewId, takesPreview, idempotencyKey, ...this.#rightsOf(call) };
    return { kind: "placement", intent, result: await call.process.executor.place(request, this.#optionsOf(call)) };
  }

  /** Half of the orders are previewed first, by any live process; by its clock the preview expires. */
  #show({ identity, previewId, order }: Intent): void {
    const living = this.#processes.filter(({ life }) => !life.isOver);
    if (living.length === 0 || this.#previewDice.chance(0.5)) return;
    const { store, now } = this.#previewDice.pick(living);
    const facts = { order, notional: [], mid: null, averagePrice: null, warnings: [], venue: "" };
    const { digest: policyDigest } = this.#policy;
    const shown = { previewId, identity, account: "main", asked: "", facts, policyDigest, summary: null };
    if (store.previews.add({ row: { identity }, shown }, now) === 0) this.#shown.add(previewId);
  }

  /** The same call again, or one that only resembles it. */
  async #repeat(intent: Intent, call: Call): Promise<Told> {
    if (intent.replaces !== undefined) return await this.#replay(intent, call);
    const die = this.#dice.unit();
    if (die < 0.6) return await this.#place(intent, call);
    // Without a key another preview would be another order.
    if (intent.key === null) return await this.#place(intent, call);
    if (die < 0.8) return await this.#place({ ...intent, previewId: `${intent.previewId}-again` }, call);
    const rival: Intent = { ...this.#newIntent(), rivals: intent.number, identity: intent.identity };
    this.#intents[rival.number] = rival;
    return await this.#place(rival, call, intent.key);
  }

  async #replay(intent: Intent, call: Call): Promise<Told> {
    if (intent.replaces === undefined) return await this.#place(intent, call);
    return await this.#replaceBy(intent, call, intent.replaces);
  }

  async #cancel(intent: Intent, process: HistoryProcess): Promise<Told | undefined> {
    const placement = this.#placementOf(intent, process);
    if (placement === undefined) return undefined;
    const { orderId, clientOrderId } = placement;
    const target = orderId !== null && this.#dice.chance(0.5) ? { orderId } : { clientOrderId };
    return { kind: "cancel", result: await process.executor.cancel(target, intent.identity) };
  }

  async #replace(old: Intent, call: Call): Promise<Told | undefined> {
    const placement = this.#placementOf(old, call.process);
    if (placement === undefined || old.order.type === "market") return undefined;
    const next: Intent = { ...this.#newIntent("resting"), identity: old.identity, replaces: placement.clientOrderId };
    this.#intents[next.number] = next;
    return await this.#replaceBy(next, call, placement.clientOrderId);
  }

  async #replaceBy(intent: Intent, call: Call, clientOrderId: string): Promise<Told> {
    const { identity, previewId, key, order } = intent;
    this.#note(previewId, call);
    const placing = { order, identity, previewId, idempotencyKey: key, ...this.#rightsOf(call) };
    const replacing = { target: { clientOrderId }, ...placing };
    return { kind: "replace", intent, result: await call.process.executor.replace(replacing, this.#optionsOf(call)) };
  }

  /** An engine that checks rights only when a call arrives does not notice when they end later. */
  #rightsOf(call: Call): SendingRights {
    const terms = { policy: this.#policy, notional: { amount: NOTIONAL, currency: "ZAR" } };
    if (this.#options.flaw === "ignores_callers") return rightsBy(() => terms);
    return rightsBy(() => call.isRevoked ? refuse("ERR_SCOPE_MISSING", "The right has ended") : terms);
  }

  #optionsOf({ caller }: Call): { signal?: AbortSignal } {
    return this.#options.flaw === "ignores_callers" ? {} : { signal: caller.signal };
  }

  #placementOf({ previewId }: Intent, { store }: HistoryProcess): Placement | undefined {
    return store.journal.findByPreview(previewId);
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
    if (this.#isHealed) return undefined;
    if (this.#options.exchange.clock.now < this.#outageUntil) return { kind: "cut", when: "before" };
    if (path.endsWith("ticker") || !this.#dice.chance(this.#faultiness)) return undefined;
    this.#faults++;
    return drawFault(this.#dice, { method, isSilencePossible: this.#options.overSockets });
  }

  /** What ends a call, halts trading, or takes the exchange away, after some steps. */
  #newFault(): PlannedFault {
    const steps = 1 + this.#dice.below(25);
    const die = this.#dice.unit();
    if (die < 0.3) return { steps, happen: () => this.#endCall((call) => call.caller.abort()) };
    if (die < 0.5) return { steps, happen: () => this.#endCall((call) => call.isRevoked = true) };
    if (die < 0.9) return { steps, happen: () => this.#halt(die < 0.75) };
    return { steps, happen: () => this.#outageUntil = this.#options.exchange.clock.now + this.#dice.below(60_000) };
  }

  #meanwhile(): void {
    const due = this.#faultPlan.filter((planned) => --planned.steps <= 0);
    this.#faultPlan = this.#faultPlan.filter(({ steps }) => steps > 0);
    for (const { happen } of due) happen();
  }

  #endCall(end: (call: Call) => void): void {
    const calls = [...this.#calls.values()].flat();
    if (calls.length === 0) return;
    this.#ended++;
    end(this.#dice.pick(calls));
  }

  #halt(cancelsOpen: boolean): void {
    const living = this.#processes.filter(({ life }) => !life.isOver);
    if (living.length === 0) return;
    const { store, now } = this.#dice.pick(living);
    this.#halts++;
    store.halts.pull({ by: "test", reason: "enough", cancelOpen: cancelsOpen ? ["main"] : [], now });
  }

  #lift(): void {
    const [first] = this.#processes.filter(({ life }) => !life.isOver);
    first?.store.halts.lift({ by: "test", now: first.now });
  }

  /** An order may be sent only while one call for it has neither ended nor lost its rights. */
  #sending(clientOrderId: string): void {
    const placement = this.#processes.find(({ life }) => !life.isOver)?.store.journal.find(clientOrderId);
    const calls = this.#calls.get(placement?.previewId ?? "") ?? [];
    const isAllowed = calls.some(({ caller, isRevoked }) => !caller.signal.aborted && !isRevoked);
    if (calls.length > 0 && !isAllowed) this.#forbidden.push(clientOrderId);
  }

  async #workOnRequests(): Promise<void> {
    for (const process of this.#processes) {
      await Promise.race([process.workOnRequests().catch(() => {}), process.life.death]);
    }
    await this.#survive();
    this.#checkRequests();
  }

  async #completeRequests(): Promise<void> {
    const { store } = this.#anyProcess(0);
    for (let round = 0; store.cancelRequests.open(["main"]).length > 0; round++) {
      if (round === MAX_ROUNDS) throw new Error("The request to cancel is never completed");
      for (const process of this.#processes) await process.workOnRequests();
      await this.#options.exchange.advance(1_000);
    }
    this.#checkRequests();
  }

  /** When a request is done and trading still halted, nothing is open. */
  #checkRequests(): void {
    const { store } = this.#anyProcess(0);
    if (!store.cancelRequests.all().some(({ doneAt }) => doneAt !== null)) return;
    const live = this.#options.exchange.createdSince(this.#startedAt).filter(({ status }) => status !== "COMPLETE");
    this.#left.push(...live.map(({ id }) => id));
  }

  /** After a crash the record is opened again and a new process starts, which may die as well. */
  async #survive(steps?: number): Promise<void> {
    for (const [place, process] of this.#processes.entries()) {
      if (!process.life.isOver) continue;
      this.#crashes++;
      process.bury();
      this.#processes[place] = this.#start(place, steps);
      await this.#recover(place);
    }
  }

  async #recover(place: number): Promise<void> {
    const { executor, life } = this.#anyProcess(place);
    const recovered = executor.recover().catch((error) => {
      if (!life.isOver) this.#errors.push(error);
    });
    await Promise.race([recovered, life.death]);
    if (life.isOver) await this.#survive();
  }

  #start(place: number, steps = this.#dice.chance(0.45) ? 1 + this.#dice.below(60) : Infinity): HistoryProcess {
    const { exchange, folder, overSockets, flaw } = this.#options;
    return new HistoryProcess({
      ...{ exchange, folder, overSockets, flaw, steps },
      dice: this.#dice,
      skewMs: () => this.#skewsMs[place] ?? 0,
      callsPerMinute: this.#callsPerMinute,
      meanwhile: () => this.#meanwhile(),
      onSending: (clientOrderId) => this.#sending(clientOrderId),
      onLeaving: (call) => {
        const settled = call.then(() => {}, () => {}).finally(() => this.#underWay.delete(settled));
        this.#underWay.add(settled);
      },
    });
  }
}
