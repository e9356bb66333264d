/** One life of a process: its parts of an executor work until it dies, at any step, and do nothing afterwards. */

import type { ExchangeClient } from "../../src/exchange/client.ts";
import { ExchangeError } from "../../src/exchange/errors.ts";
import type { ExecutorJournal, ExecutorOptions, ExecutorRecord } from "../../src/trading/execution/executor_parts.ts";
import type { ClockReading } from "../../src/exchange/clock_reading.ts";
import type { TradingExchange } from "../../src/trading/execution/exchange_clock.ts";
import type { Placement } from "../../src/trading/record/recorded_placement.ts";
import { sealPolicy } from "../../src/trading/policy/policy.ts";
import type { CancelRequests } from "../../src/trading/record/cancel_requests.ts";
import type { ReplacementClaims } from "../../src/trading/record/replacement_claims.ts";
import type { SqliteRecord } from "../../src/state/record/sqlite/record.ts";

/** Thrown at the step at which a life ends, and by everything after it. */
export class Crash extends Error {
  override readonly name = "Crash";
}

/** Ways to break the engine, each of which the checker must detect. */
export const FLAWS = [
  "sends_again",
  "journals_afterwards",
  "trusts_silence",
  "ignores_limits",
  "hurries",
  "forgets_cancel",
  "settles_unseen",
  "ignores_callers",
  "waits_after_marking",
  "sends_when_halted",
  "gives_up_cancelling",
  "refuses_repetitions",
  "keeps_claims",
  "forgets_previews",
  "trusts_old_previews",
] as const;

/** One of {@linkcode FLAWS}. */
export type Flaw = (typeof FLAWS)[number];

/** How the calls of a life are sent. */
export interface Leaving {
  /** Called with each of them, since they continue when the process does not. */
  readonly onLeaving?: (call: Promise<unknown>) => void;
  /** Their deadline on the real clock. */
  readonly deadlineMs?: number;
}

/** A process that dies after some steps, or never. */
export class Life {
  #stepsLeft: number;
  #isOver = false;
  readonly #death = Promise.withResolvers<void>();

  readonly #die: () => void;
  readonly #meanwhile: () => void;
  readonly #before: () => void;
  readonly #answered: () => Promise<void>;

  /**
   * @param happening `die`: what happens first when the life ends by itself; may never return; `meanwhile`: what
   * happens at each step at which others may act; `before`: what happens at every step; `answered`: resolves when the
   * record's next answer has arrived
   */
  constructor(
    steps = Infinity,
    happening: {
      readonly die?: () => void;
      readonly meanwhile?: () => void;
      readonly before?: () => void;
      readonly answered?: () => Promise<void>;
    } = {},
  ) {
    this.#stepsLeft = steps;
    this.#answered = happening.answered ?? (() => Promise.resolve());
    this.#die = happening.die ?? (() => {});
    this.#meanwhile = happening.meanwhile ?? (() => {});
    this.#before = happening.before ?? (() => {});
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Resolves when the life ends. */
  get death(): Promise<void> {
    return this.#death.promise;
  }

  /** @throws {Crash} this was the last step, or the life is already over */
  step(): void {
    if (!this.#isOver) this.#meanwhile();
    this.#count();
  }

  #count(): void {
    this.#before();
    if (!this.#isOver && --this.#stepsLeft > 0) return;
    if (!this.#isOver) this.#die();
    this.end();
    throw new Crash();
  }

  end(): void {
    this.#isOver = true;
    this.#death.resolve();
  }

  /**
   * A change of the record: requested, done, and answered later; others act meanwhile. It has two steps, just before it
   * is done and just after; a process that dies never gets the answer.
   */
  change<Arguments extends unknown[], Result>(
    run: (...args: Arguments) => Result | Promise<Result>,
  ): (...args: Arguments) => Promise<Result> {
    const read = this.read(run);
    return async (...args) => {
      try {
        return await read(...args);
      } finally {
        await this.#alive();
      }
    };
  }

  /** A read of the record, which has one step, before it is answered. */
  read<Arguments extends unknown[], Result>(
    run: (...args: Arguments) => Result | Promise<Result>,
  ): (...args: Arguments) => Promise<Result> {
    return async (...args) => {
      await this.#answered();
      await this.#alive();
      try {
        return await run(...args);
      } finally {
        await this.#answered();
        if (this.#isOver) await new Promise(() => {});
      }
    };
  }

  /** A journal that answers later. */
  journal(journal: ExecutorJournal): ExecutorJournal {
    const stepping: Life["change"] = (run) => this.change(run);
    const reading: Life["read"] = (run) => this.read(run);
    return {
      begin: stepping((...args) => journal.begin(...args)),
      repeat: stepping((...args) => journal.repeat(...args)),
      withdraw: stepping((...args) => journal.withdraw(...args)),
      forgetIntent: stepping((...args) => journal.forgetIntent(...args)),
      settle: stepping((...args) => journal.settle(...args)),
      close: stepping((...args) => journal.close(...args)),
      wouldRefuse: reading((...args) => journal.wouldRefuse(...args)),
      find: reading((...args) => journal.find(...args)),
      findByOrderId: reading((...args) => journal.findByOrderId(...args)),
      findByKey: reading((...args) => journal.findByKey(...args)),
      unsettled: reading((...args) => journal.unsettled(...args)),
      open: reading((...args) => journal.open(...args)),
    };
  }

  /** Claims that are answered later. */
  replacements(claims: ExecutorRecord["replacements"]): ExecutorRecord["replacements"] {
    return {
      claim: this.change((...args) => claims.claim(...args)),
      release: this.change((...args) => claims.release(...args)),
    };
  }

  /** An exchange whose every call has three steps: before it is sent, in flight, and when its answer arrives. */
  exchange(client: ExchangeClient, { onLeaving = () => {}, ...options }: Leaving = {}): TradingExchange {
    return {
      status: () => client.status(),
      reserve: async (name, shared) => {
        await this.#alive();
        const reservation = await client.reserve(name, shared);
        await this.#alive();
        return reservation;
      },
      // What is sent must be sent at once: the process may die here, but nobody else can act.
      call: (name, params, { fresh: _fresh, ...shared } = {}) => {
        if (!this.#takesStep(() => this.#count())) return new Promise(() => {});
        const call = client.call(name, params, { ...options, ...shared });
        onLeaving(call);
        call.catch(() => {});
        return this.#answer(call);
      },
    };
  }

  async #answer<Answer>(call: Promise<Answer>): Promise<Answer> {
    await this.#alive();
    try {
      return await call;
    } finally {
      await this.#alive();
    }
  }

  /** Takes a step, which never returns in a process that has died. */
  async #alive(): Promise<void> {
    if (!this.#takesStep(() => this.step())) await new Promise(() => {});
  }

  #takesStep(step: () => void): boolean {
    try {
      step();
      return true;
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      return false;
    }
  }
}

/** Breaks the engine in one way. */
export function flawed(
  options: ExecutorOptions,
  flaw: Flaw | undefined,
  { store, folder }: { readonly store: SqliteRecord; readonly folder: string },
): ExecutorOptions {
  const { exchange, record } = options;
  const { journal } = record;
  switch (flaw) {
    case undefined:
      return options;
    case "sends_again":
      return { ...options, exchange: sendingAgain(exchange) };
    case "journals_afterwards":
      return { ...options, record: { ...record, journal: journallingAfterwards(journal) } };
    case "trusts_silence":
      return { ...options, exchange: trustingSilence(exchange) };
    case "ignores_limits": {
      const begin: ExecutorJournal["begin"] = (entry, _policy, now) =>
        journal.begin(entry, sealPolicy({ mode: "auto" }), now);
      return { ...options, record: { ...record, journal: { ...journal, begin } } };
    }
    case "hurries": {
      const ahead = (clock: ClockReading | null) => clock && { ...clock, skewMs: clock.skewMs + 1_900 };
      const status = () => ({ ...exchange.status(), clock: ahead(exchange.status().clock) });
      const begin: ExecutorJournal["begin"] = (entry, policy, now) =>
        journal.begin({ ...entry, validUntil: entry.validUntil - 12_000 }, policy, now);
      const find: ExecutorJournal["find"] = (id) => Promise.resolve(store.journal.find(id));
      return {
        ...options,
        exchange: { ...exchange, status },
        record: { ...record, journal: { ...journal, begin, find } },
      };
    }
    case "forgets_cancel":
      return { ...options, exchange: forgettingCancel(exchange) };
    case "settles_unseen":
      return {
        ...options,
        instance: { ...options.instance, takeOver: () => Promise.resolve(settlingUnseen(store, options.now())) },
      };
    case "waits_after_marking":
      return { ...options, exchange: waitingAfterMarking(exchange) };
    case "sends_when_halted":
      return { ...options, record: { ...record, journal: sendingWhenHalted(journal, store) } };
    case "refuses_repetitions":
      return { ...options, record: { ...record, journal: refusingRepetitions(journal) } };
    case "keeps_claims":
      return { ...options, record: { ...record, replacements: keepingClaims(record.replacements, folder) } };
    case "forgets_previews": {
      const begin: ExecutorJournal["begin"] = ({ takesPreview: _, ...entry }, policy, now) =>
        journal.begin(entry, policy, now);
      return { ...options, record: { ...record, journal: { ...journal, begin } } };
    }
    case "trusts_old_previews":
      return { ...options, record: { ...record, journal: trustingOldPreviews(journal, store) } };
    // These two are broken where calls are made and requests processed.
    case "ignores_callers":
    case "gives_up_cancelling":
      return options;
  }
}

/** Requests to cancel, of which an engine that gives up considers one done after one round. */
export function flawedRequests(
  requests: Pick<CancelRequests, "open" | "claim" | "note">,
  flaw: Flaw | undefined,
): Pick<CancelRequests, "open" | "claim" | "note"> {
  return {
    open: (...args) => requests.open(...args),
    claim: (...args) => requests.claim(...args),
    note: (request, outcome, now) => {
      const isDone = outcome.isDone || flaw === "gives_up_cancelling";
      return requests.note(request, { ...outcome, isDone }, now);
    },
  };
}

/** A process that at its start considers every unfinished order as never sent. */
function settlingUnseen({ journal }: SqliteRecord, now: number): number {
  for (const { clientOrderId } of journal.unsettled()) {
    journal.settle(clientOrderId, { state: "not_placed", reason: "ERR_NEVER_SENT" }, now);
  }
  return 0;
}

/** Waits for the call budget after the order was recorded. */
function waitingAfterMarking(exchange: TradingExchange): TradingExchange {
  return {
    ...exchange,
    reserve: () => Promise.resolve({ use: () => {}, release: () => {} }),
    call: async (name, params, { reservation: _none, ...options } = {}) => {
      const reservation = await exchange.reserve(name);
      return await exchange.call(name, params, { ...options, reservation });
    },
  };
}

/** Checks the kill switch well before it records the order. */
function sendingWhenHalted(journal: ExecutorJournal, { halts }: SqliteRecord): ExecutorJournal {
  const begin: ExecutorJournal["begin"] = async (...args) => {
    const state = halts.state;
    halts.state = () => ({ halted: false });
    try {
      return await journal.begin(...args);
    } finally {
      halts.state = state;
    }
  };
  return { ...journal, begin };
}

/** Checks everything of a preview but its age. */
function trustingOldPreviews(journal: ExecutorJournal, { previews }: SqliteRecord): ExecutorJournal {
  const begin: ExecutorJournal["begin"] = async (...args) => {
    const { state } = previews;
    previews.state = (...asked) => {
      const found = state.apply(previews, asked);
      return found && { ...found, createdAt: 0, expiresAt: Infinity };
    };
    try {
      return await journal.begin(...args);
    } finally {
      previews.state = state;
    }
  };
  return { ...journal, begin };
}

/** Treats a repeated call as another one under the same key. */
function refusingRepetitions(journal: ExecutorJournal): ExecutorJournal {
  const repeat: ExecutorJournal["repeat"] = async (...args) => {
    const answer = await journal.repeat(...args);
    if (answer?.kind !== "repeated") return answer;
    return { kind: "refused", code: "ERR_IDEMPOTENCY_MISMATCH", message: "The key was used for another order" };
  };
  return { ...journal, repeat };
}

/** By record, over all its processes. */
const CLAIMED = new Map<string, Set<string>>();

/** What was claimed once stays so, whatever became of its claimer. */
function keepingClaims(claims: ExecutorRecord["replacements"], folder: string): ExecutorRecord["replacements"] {
  const claimed = CLAIMED.get(folder) ?? new Set();
  CLAIMED.set(folder, claimed);
  const claim: ReplacementClaims["claim"] = async (entry, how) => {
    if (claimed.has(entry.orderId)) return { kind: "taken", isOver: false, placement: undefined };
    claimed.add(entry.orderId);
    return await claims.claim(entry, how);
  };
  return { claim, release: (...args) => claims.release(...args) };
}

function sendingAgain(exchange: TradingExchange): TradingExchange {
  return {
    ...exchange,
    call: async (name, params, options) => {
      try {
        return await exchange.call(name, params, options);
      } catch (error) {
        const isPost = "client_order_id" in params && "timestamp" in params;
        if (!isPost || !(error instanceof ExchangeError) || error.outcome !== "unknown") throw error;
        return await exchange.call(name, { ...params, client_order_id: `${params.client_order_id}-2` }, options);
      }
    },
  };
}

function trustingSilence(exchange: TradingExchange): TradingExchange {
  return {
    ...exchange,
    call: async (name, params, options) => {
      try {
        return await exchange.call(name, params, options);
      } catch (error) {
        if (!(error instanceof ExchangeError) || error.outcome === "none") throw error;
        throw new ExchangeError(error.message, { code: "ERR_NETWORK", outcome: "none", status: error.status });
      }
    },
  };
}

function forgettingCancel(exchange: TradingExchange): TradingExchange {
  return {
    ...exchange,
    call: async (name, params, options) => {
      const answer = await exchange.call(name, params, options);
      // Treats every order that it reads by its id as final.
      if (name === "getOrder" && "id" in params) Object.assign(answer, { status: "COMPLETE", expiration_timestamp: 1 });
      return answer;
    },
  };
}

function journallingAfterwards(journal: ExecutorJournal): ExecutorJournal {
  const held = new Map<string, () => Promise<unknown>>();
  return {
    ...journal,
    begin: (entry, policy, now) => {
      const { validUntil, ...rest } = entry;
      const placement: Placement = {
        asked: null,
        worstPrice: null,
        ...rest,
        ...JUST_SENT,
        createdAt: now,
        sentAt: now,
        validUntil,
      };
      held.set(entry.clientOrderId, async () => await journal.begin(entry, policy, now));
      return Promise.resolve({ kind: "begun", placement });
    },
    settle: async (id, outcome, now) => {
      await held.get(id)?.();
      held.delete(id);
      return await journal.settle(id, outcome, now);
    },
  };
}

const JUST_SENT = { state: "sent", orderId: null, isOpen: false, settledAt: null, reason: null } as const;
