/** Trading records in folders of their own, and placements to put in. */

import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import type { InstanceFacts } from "../../src/trading/record/instances.ts";
import type { Begun, NewPlacement, Placement } from "../../src/trading/record/recorded_placement.ts";
import { InstanceLock } from "../../src/state/instance_lock.ts";
import { orderDigest } from "../../src/trading/orders/order.ts";
import type { Order } from "../../src/trading/orders/order.ts";
import type { OrderVenue } from "../../src/trading/orders/trading_account.ts";
import type { Policy } from "../../src/trading/policy/policy.ts";
import { TRADING_DATABASE } from "../../src/state/record/sqlite/trading_database.ts";
import { SqliteRecord } from "../../src/state/record/sqlite/record.ts";

/** 2026-11-22 10:00 UTC. */
export const NOW = Date.UTC(2026, 10, 22, 10);

/** A policy that limits nothing. */
export const FREE: Policy = { mode: "auto", digest: "f".repeat(64) };

/** The process that the placements here are of. */
export const INSTANCE: InstanceFacts = {
  id: "00112233445566ff",
  pid: 4_711,
  command: "serve",
  startedAt: NOW,
  cancels: ["main"],
};

/** A limit order to buy. */
export const ORDER: Order = {
  pair: "XBTZAR",
  base: "XBT",
  counter: "ZAR",
  side: "BUY",
  type: "limit",
  volume: "0.001",
  price: "1000000",
  timeInForce: "GTC",
  postOnly: true,
};

/** A folder with a record, removed afterwards; `open` gives further connections to it. */
export async function withStore(
  body: (store: SqliteRecord, context: { folder: string; open: () => SqliteRecord }) => void | Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const stores: SqliteRecord[] = [];
  const open = () => {
    const store = openStore(folder);
    stores.push(store);
    return store;
  };
  try {
    await body(open(), { folder, open });
  } finally {
    for (const store of stores) store.close();
    await Deno.remove(folder, { recursive: true });
  }
}

/** A record in which {@linkcode INSTANCE} stands. */
export function openStore(folder: string): SqliteRecord {
  const store = SqliteRecord.open({ folder: folder, mode: "write" });
  if (!store.instances.has(INSTANCE.id)) store.instances.enter(INSTANCE);
  return store;
}

/** A record on a database that the test holds, with the folder in which a file may halt. */
export function recordOn(database: DatabaseSync, folder: string): SqliteRecord {
  const record = new SqliteRecord(database, { folder });
  if (!record.instances.has(INSTANCE.id)) record.instances.enter(INSTANCE);
  return record;
}

/** An instance of this process in a record, and its end. */
export function enterInstance(
  { instances }: SqliteRecord,
  { folder, ...facts }: Partial<InstanceFacts> & { readonly folder: string },
): { readonly id: string; end(): void } {
  const lock = InstanceLock.take(folder);
  const { id } = lock;
  instances.enter({ ...INSTANCE, pid: Deno.pid, ...facts, id });
  return {
    id,
    end() {
      instances.remove(id);
      lock.release();
    },
  };
}

/** Runs statements on the file itself, as somebody does who goes around the program. */
export function tamper(folder: string, ...statements: readonly string[]): void {
  const database = new DatabaseSync(join(folder, TRADING_DATABASE));
  try {
    for (const statement of statements) database.exec(statement);
  } finally {
    database.close();
  }
}

/** Where the placements here are. */
export const MAIN: OrderVenue = { account: "main", venue: "" };

/** A placement of its own name, worth 1,000 ZAR. */
export function entry(name: string, changes: Partial<NewPlacement> = {}): NewPlacement {
  const order = changes.order ?? ORDER;
  return {
    clientOrderId: `lm-${name}`,
    identity: "key:alice",
    ...MAIN,
    previewId: `preview-${name}`,
    idempotencyKey: null,
    order,
    digest: orderDigest(order),
    policyDigest: FREE.digest,
    notional: { currency: "ZAR", amount: "1000" },
    instance: INSTANCE.id,
    validUntil: NOW + 5_000,
    ...changes,
  };
}

/** What a `begin` answered, as one word. */
export function outcomeOf(begun: Begun): string {
  return begun.kind === "refused" ? begun.code : begun.kind;
}

/** Makes a placement one of a version that wrote intents apart. */
export function asIntent(folder: string, name: string): void {
  tamper(
    folder,
    `UPDATE placements SET state = 'intent', sent_at = NULL, valid_until = NULL, instance = NULL
     WHERE client_order_id = 'lm-${name}'`,
  );
}

/** Takes a placement all the way to an order at the exchange. */
export function place(store: SqliteRecord, name: string, { at = NOW, ...changes }: PlaceOptions = {}): Placement {
  const { journal } = store;
  const { clientOrderId } = entry(name);
  journal.begin(entry(name, changes), FREE, at);
  return journal.settle(clientOrderId, { state: "placed", orderId: `BX${name}` }, at);
}

interface PlaceOptions extends Partial<NewPlacement> {
  readonly at?: number;
}
