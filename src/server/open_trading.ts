/** Assembles trading on an open record: the broker, and an executor for each account. */

import { getLogger } from "../logging/logger.ts";
import type { Markets } from "../market/pairs.ts";
import { sleep } from "../timing/sleep.ts";
import { AuditLog } from "../trading/audit_log.ts";
import type { TradingFigures } from "../trading/audit_log.ts";
import { Broker } from "../trading/broker.ts";
import type { Announcement } from "../trading/confirmation/confirmer.ts";
import { HaltWatch, warnOfSent } from "../trading/execution/halt_watch.ts";
import { OpenOrderCancellation } from "../trading/execution/open_order_cancellation.ts";
import { MAIN_ACCOUNT, PAPER_ACCOUNT } from "../trading/orders/trading_account.ts";
import type { World } from "../world.ts";
import { OrderExecutors } from "./executors.ts";
import type { ExchangeAccount } from "./exchange_account.ts";
import type { OpenPaper } from "./open_paper.ts";
import type { OpenRecord } from "./open_trading_record.ts";

const log = getLogger(["luno-mcp-server", "trading"]);

/** Enabled trading. */
export interface OpenTrading {
  readonly broker: Broker;
  /**
   * Figures for monitoring.
   *
   * @throws {StoreError} when the record cannot be read
   */
  figures(): Promise<TradingFigures>;
  close(): Promise<void>;
}

/**
 * Creates the broker; the recovery of an earlier run's orders begins at once.
 *
 * @throws {StoreError} when the record cannot be read
 */
export async function openTrading(
  opened: OpenRecord,
  { world, markets, accounts, paper, announce }: {
    world: World;
    markets: Markets;
    /** The real accounts that are traded on. */
    accounts: readonly ExchangeAccount[];
    paper: OpenPaper | undefined;
    announce: (announcement: Announcement) => void;
  },
): Promise<OpenTrading> {
  const { record, killSwitch, instance, opening, policies, publishedPolicy } = opened;
  const { now, monotonic } = world;
  const pendingHalt = () => killSwitch.pending;
  const executors = new OrderExecutors({
    record,
    pendingHalt,
    policyChanged: () => publishedPolicy.look(),
    instance,
    accounts,
    paper,
    opening,
    world,
  });
  const cancellation = openCancellation(opened, executors, world);
  const halts = new HaltWatch({ killSwitch, cancellation, now });
  const broker = new Broker({
    policies,
    record,
    killSwitch,
    instance,
    markets,
    account: paper?.isForAll ? PAPER_ACCOUNT : MAIN_ACCOUNT,
    venueOf: (trader) => executors.venueOf(trader),
    confirmation: { approvals: record.approvals, dialogs: record.dialogs, announce, now, monotonic, sleep },
    cancels: opened.accounts(),
    halted: () => halts.look(),
    now,
    monotonic,
  });
  haltOnSignal(broker, world);
  const following = new RecordFollowing(opened, halts);
  if (opening === undefined) await following.start();
  else whenOpen(opening, () => following.start());
  return {
    broker,
    async figures() {
      const [{ halted: isHalted }, waiting] = await Promise.all([killSwitch.state(), record.approvals.pending(now())]);
      return { isHalted, approvalsWaiting: waiting.length, orders: following.orders };
    },
    async close() {
      following.end();
      opened.stopWaiting();
      await executors.stop();
      await following.stopLog();
      await opened.close();
    },
  };
}

/** Follows a record: its halts and, on a server, its audit. */
class RecordFollowing {
  readonly #opened: OpenRecord;
  readonly #halts: HaltWatch;
  #auditLog: AuditLog | undefined;
  #isEnded = false;

  constructor(opened: OpenRecord, halts: HaltWatch) {
    this.#opened = opened;
    this.#halts = halts;
  }

  /** What became of the orders of this server. */
  get orders(): TradingFigures["orders"] {
    return this.#auditLog?.counts ?? [];
  }

  async start(): Promise<void> {
    const { isServer, record, changes } = this.#opened;
    // A command prints the outcome of its order itself.
    if (isServer) this.#auditLog = await AuditLog.open(record.feed);
    if (this.#isEnded) return;
    this.#halts.start();
    this.#auditLog?.start();
    changes.listen(["halt"], () => {
      void this.#halts.look();
      void this.#auditLog?.look();
    });
  }

  /** A start that is still under way follows nothing. */
  end(): void {
    this.#isEnded = true;
    this.#halts.stop();
  }

  /** Stops the audit log, after the last orders were recorded. */
  async stopLog(): Promise<void> {
    await this.#auditLog?.stop();
  }
}

/** Follows a record that is still being opened, once it is open. */
function whenOpen(opening: Promise<readonly string[]>, follow: () => Promise<void>): void {
  opening.then(async (problems) => {
    if (problems.length > 0) return;
    log.info("trading database is open");
    await follow();
  }).catch((error) => log.error("cannot follow the trading database", { error }));
}

function openCancellation(
  { record, instance, accounts }: OpenRecord,
  executors: OrderExecutors,
  { now, monotonic }: World,
): OpenOrderCancellation {
  return new OpenOrderCancellation({
    requests: record.cancelRequests,
    instance: instance.id,
    accounts: accounts(),
    cancelAll: (account) => executors.cancelAll(account),
    now,
    monotonic,
  });
}

function haltOnSignal(broker: Broker, world: World): void {
  world.onUserSignal(() => {
    log.warning("SIGUSR1 received; halting trading");
    broker.halt({ by: "SIGUSR1", reason: "SIGUSR1", cancelOpen: false }).then(
      ({ onTheirWay }) => warnOfSent(onTheirWay),
      (error) => log.error("SIGUSR1 halt could not be recorded; trading is halted in this process only", { error }),
    );
  });
}
