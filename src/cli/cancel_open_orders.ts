/** Cancels all open orders after a halt: through a running server, or in this process if there is none. */

import type { ErrorCode } from "../errors/error_table.ts";
import { HALT_SETTINGS } from "../config/command_settings.ts";
import { DATABASE_SETTINGS } from "../config/database_settings.ts";
import type { Setting } from "../config/setting.ts";
import { loadConfig } from "../config/load.ts";
import { sleep } from "../timing/sleep.ts";
import type { DatabaseAccess } from "../state/database_address.ts";
import { InstanceLock } from "../state/instance_lock.ts";
import { StateError } from "../state/state_error.ts";
import type { CancelRequest } from "../trading/record/cancel_requests.ts";
import { isPaper, MAIN_ACCOUNT, PAPER_ACCOUNT } from "../trading/orders/trading_account.ts";
import { OpenOrderCancellation } from "../trading/execution/open_order_cancellation.ts";
import { StoreError } from "../trading/record/store_error.ts";
import type { TradingRecord } from "../trading/record/trading_record.ts";
import { OrderExecutors } from "../server/executors.ts";
import { RecordInstance } from "../server/instances/record_instance.ts";
import { openExchange } from "../server/open_exchange.ts";
import type { LoadedConfig } from "../config/load.ts";
import { venueOf } from "../server/record_venue.ts";
import type { World } from "../world.ts";

/** How long a server has to accept the request; servers check four times a second. */
const TAKE_UP_MS = 3_000;

/** How long the command tries by itself; afterwards the request is left to the next server. */
const PATIENCE_MS = 120_000;

const LOOK_EVERY_MS = 100;

/** Errors that retrying does not change. */
const HOPELESS: readonly ErrorCode[] = [
  "ERR_CREDENTIALS_MISSING",
  "ERR_CREDENTIALS_REFUSED",
  "ERR_PERMISSION_MISSING",
  "ERR_FORBIDDEN",
];

/** The result, as a sentence. */
export interface CancelOutcome {
  readonly ok: boolean;
  readonly sentence: string;
}

/** Where to cancel. */
export interface CancelContext {
  readonly world: World;
  readonly flags: Readonly<Record<string, string>>;
  /** Ids of the accounts whose open orders are to be cancelled. */
  readonly accounts: readonly string[];
  /** The state folder. */
  readonly folder: string;
  /** The database that has the record, if it is not in the folder. */
  readonly database?: DatabaseAccess | undefined;
}

/**
 * The accounts on which orders may be open: paper orders are in the record, real ones may also come from elsewhere. A
 * simulated exchange ends with its server.
 */
export async function accountsToCancel(
  { instances, journal }: Pick<TradingRecord, "instances" | "journal">,
  { flags, world }: Pick<CancelContext, "flags" | "world">,
): Promise<string[]> {
  const exchange = flags["exchange"] ?? world.env("LUNO_MCP_EXCHANGE");
  const servers = (await instances.alive()).filter(({ cancels }) => cancels.length > 0);
  const hasReal = servers.some(({ cancels }) => cancels.includes(MAIN_ACCOUNT.id)) ||
    exchange !== "paper" && exchange !== "simulated";
  const paper = { account: PAPER_ACCOUNT.id };
  // In this order, as an order that is settled between the two reads counts as open in the first.
  const hasPaper = (await journal.unsettled(paper)).length + (await journal.open(paper)).length > 0;
  return [...(hasReal ? [MAIN_ACCOUNT.id] : []), ...(hasPaper ? [PAPER_ACCOUNT.id] : [])];
}

/** The progress of each request, one per line. */
export function describeRequest({ account, rounds, triedAt, remaining, unlisted, doneAt }: CancelRequest): string[] {
  const orders = isPaper(account) ? "open paper orders" : "open orders";
  if (doneAt !== null) return [`  ${orders}: all cancelled at ${new Date(doneAt).toISOString()}`];
  if (triedAt === null) return [`  ${orders}: still to be cancelled; no server has started yet`];
  const tries = `tried ${rounds} ${rounds === 1 ? "time" : "times"}, last at ${new Date(triedAt).toISOString()}`;
  return [
    `  ${orders}: still being cancelled; ${tries}`,
    ...(unlisted === null ? [] : [`    the exchange's list cannot be read (${unlisted}): others may be open`]),
    ...remaining.map(({ order_id, client_order_id, reason }) =>
      `    remains: ${order_id ?? client_order_id} (${reason})`
    ),
  ];
}

/** Waits until servers have accepted the requests or fulfilled them. */
export async function cancelOpenOrders(record: TradingRecord, context: CancelContext): Promise<CancelOutcome> {
  const { world, accounts } = context;
  const server = await takenUp(record, context);
  if (server !== undefined) {
    const sentence =
      `Open orders are cancelled by the running server (process ${server}); kill --status says what remains`;
    return { ok: true, sentence };
  }
  try {
    const problems = await cancelHere(record, context);
    const left = await record.cancelRequests.open(accounts);
    if (left.length === 0) return { ok: true, sentence: "All open orders are cancelled" };
    const lines = [...problems, ...left.flatMap(describeRequest)];
    const why = world.shutdown.aborted ? "the command was interrupted" : "not all open orders are cancelled";
    return { ok: false, sentence: [`Trading is halted, but ${why}; ${STAYS_REQUESTED}`, ...lines].join("\n") };
  } catch (error) {
    if (!(error instanceof StateError || error instanceof StoreError)) throw error;
    return {
      ok: false,
      sentence: `Trading is halted, but open orders cannot be cancelled: ${error.message}; ${STAYS_REQUESTED}`,
    };
  }
}

const STAYS_REQUESTED =
  "cancelling stays requested: the next server on this state folder continues it, or run kill --cancel-open again";

/** The process id of the server that handles all of them, if there is one. */
async function takenUp(
  { instances, cancelRequests }: TradingRecord,
  { world, accounts }: CancelContext,
): Promise<number | undefined> {
  for (const endsAt = world.monotonic() + TAKE_UP_MS; world.monotonic() < endsAt;) {
    const alive = await instances.alive();
    if (!alive.some(({ cancels }) => accounts.every((account) => cancels.includes(account)))) return undefined;
    const workers = (await cancelRequests.all()).map(({ instance }) => alive.find(({ id }) => id === instance)?.pid);
    if (workers.length > 0 && workers.every((pid) => pid !== undefined)) return workers[0];
    await pause(world);
  }
  return undefined;
}

/** Cancels until nothing is open, retrying is hopeless, or time is up; returns what prevents it. */
async function cancelHere(
  record: TradingRecord,
  { world, flags, accounts, folder, database }: CancelContext,
): Promise<string[]> {
  const loaded = await loadConfig(withoutHaltFlags(flags), world.env);
  if (!loaded.ok) return loaded.problems;
  const problems = await checkReach(record, loaded, accounts);
  if (problems.length > 0) return problems;
  const facts = { pid: Deno.pid, command: "kill", startedAt: world.now(), cancels: [] };
  const instance = await RecordInstance.enter(record.instances, { ...facts, lock: InstanceLock.take(folder) });
  const opened = await openExchange(loaded, world);
  const paper = accounts.includes(PAPER_ACCOUNT.id)
    ? await (await import("../server/open_paper.ts")).openPaper({
      upstream: opened.exchange,
      host: opened.main.name.host,
      folder,
      database,
      stateTimeout: loaded.config.stateTimeout,
      world,
      isForAll: false,
    })
    : undefined;
  // Cancelling includes reconciliation, so for that time this command takes over the orders of ended servers.
  const takeOver = () => instance.takeOver(accounts);
  const executors = new OrderExecutors({
    record,
    pendingHalt: () => ({ halted: false }),
    instance: { id: instance.id, takeOver },
    accounts: [opened.main],
    paper,
    world,
  });
  try {
    await fulfil(record, { executors, instance: instance.id, world, accounts });
    return [];
  } finally {
    await executors.stop();
    await paper?.close();
    await opened.close();
    await instance.end();
  }
}

async function fulfil(
  { cancelRequests: requests, instances }: TradingRecord,
  { executors, instance, world, accounts }: {
    executors: OrderExecutors;
    instance: string;
    world: World;
    accounts: readonly string[];
  },
): Promise<void> {
  const { now, monotonic } = world;
  const cancelAll = (account: string) => executors.cancelAll(account);
  const cancellation = new OpenOrderCancellation({
    requests,
    instance,
    // A live but stopped server may hold the request without working on it.
    fromLiving: true,
    accounts,
    cancelAll,
    now,
    monotonic,
  });
  const isHopeless = ({ unlisted, remaining }: CancelRequest) =>
    [unlisted, ...remaining.map(({ reason }) => reason)].some((code) => HOPELESS.some((each) => each === code));
  for (const endsAt = monotonic() + PATIENCE_MS; monotonic() < endsAt && !world.shutdown.aborted;) {
    await cancellation.look();
    const left = await requests.open(accounts);
    if (left.length === 0 || left.some(isHopeless) || !await instances.has(instance)) return;
    await pause(world);
  }
}

/** Why the orders cannot be reached from here. */
async function checkReach(
  record: TradingRecord,
  { config, credentials }: LoadedConfig,
  accounts: readonly string[],
): Promise<string[]> {
  if (!accounts.includes(MAIN_ACCOUNT.id)) return [];
  if (config.exchange !== "live") {
    return [
      `--exchange: expected live: the orders of a server with --exchange ${config.exchange} are in that server alone`,
    ];
  }
  if (credentials === undefined) {
    return ["LUNO_API_KEY: expected the key of the exchange, to cancel orders with: not set"];
  }
  const venue = venueOf({ config, credentials });
  const binding = venue === undefined ? undefined : await record.accounts.bind(MAIN_ACCOUNT.id, venue);
  if (binding === undefined || binding.ok) return [];
  const other = "exchange" in binding ? binding.exchange : `another account (${binding.account})`;
  return [`--api-url: expected ${other}, whose orders the database holds: current value is ${venue}`];
}

function withoutHaltFlags(flags: Readonly<Record<string, string>>): Record<string, string> {
  // The server's settings also determine the database.
  const own = Object.entries<Setting>(HALT_SETTINGS).filter(([name]) => !(name in DATABASE_SETTINGS))
    .map(([, { flag }]) => flag);
  return Object.fromEntries(Object.entries(flags).filter(([flag]) => !own.includes(flag)));
}

async function pause({ shutdown }: World): Promise<void> {
  await sleep(LOOK_EVERY_MS, shutdown).catch(() => {});
}
