/** What the promises of the suite do again and again to a record. */

import assert from "node:assert/strict";
import type { Approval } from "../../../src/trading/record/approval.ts";
import type { NewPlacement, Placement } from "../../../src/trading/record/recorded_placement.ts";
import { StoreError } from "../../../src/trading/record/store_error.ts";
import type { StoreFailure } from "../../../src/trading/record/store_error.ts";
import type { TradingRecord } from "../../../src/trading/record/trading_record.ts";
import { orderRequest } from "../../trading/approval_requests.ts";
import { entry, FREE, NOW } from "../../trading/stores.ts";
import type { RecordInstallation } from "./installation.ts";

/** What is promised, by name. */
export type Promises = Readonly<Record<string, (installation: RecordInstallation) => Promise<void>>>;

/** Takes a placement all the way to an order at the exchange. */
export async function place(
  { journal }: TradingRecord,
  name: string,
  { at = NOW, ...changes }: Partial<NewPlacement> & { readonly at?: number } = {},
): Promise<Placement> {
  const { clientOrderId } = entry(name);
  await journal.begin(entry(name, changes), FREE, at);
  return await journal.settle(clientOrderId, { state: "placed", orderId: `BX${name}` }, at);
}

/** Takes a placement to a refusal by the exchange. */
export async function refuseAtExchange({ journal }: TradingRecord, name: string, at: number): Promise<Placement> {
  const { clientOrderId } = entry(name);
  await journal.begin(entry(name), FREE, at);
  return await journal.settle(clientOrderId, { state: "not_placed", reason: "ERR_INSUFFICIENT_FUNDS" }, at);
}

/** Makes a placement one of a version that wrote intents apart. */
export async function asIntent(installation: RecordInstallation, name: string): Promise<void> {
  await installation.tamper(
    `UPDATE placements SET state = 'intent', sent_at = NULL, valid_until = NULL, instance = NULL
     WHERE client_order_id = 'lm-${name}'`,
  );
}

/** Has a person asked. */
export async function ask(
  { approvals }: TradingRecord,
  changes: Parameters<typeof orderRequest>[0] = {},
  now = NOW,
): Promise<{ readonly approval: Approval; readonly id: string; readonly token: string }> {
  const asked = await approvals.request(orderRequest(changes), now);
  assert.ok(asked.ok);
  return { approval: asked.approval, id: asked.approval.id, token: asked.token };
}

/** What the audit says of an order, by the names of its events. */
export async function eventsOf({ audit }: TradingRecord, clientOrderId: string): Promise<string[]> {
  return (await audit.trail({ clientOrderId })).map(({ event }) => event);
}

/** Tells a failure of the record from every other error. */
export function failsWith(failure: StoreFailure): (error: unknown) => boolean {
  return (error) => error instanceof StoreError && error.failure === failure;
}

/** What is wrong with the record, in a sentence. */
export async function reasonOf({ audit }: TradingRecord): Promise<string> {
  const verified = await audit.verify();
  return verified.ok ? "nothing" : verified.reason;
}

/** The client order ids of placements. */
export function idsOf(placements: readonly Pick<Placement, "clientOrderId">[]): string[] {
  return placements.map(({ clientOrderId }) => clientOrderId);
}
