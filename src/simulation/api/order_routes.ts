/** The endpoints of orders, own fills and fees, independent of what processes the orders. */

import { printOrderV1, printOrderV2 } from "./order_print.ts";
import { type OrderKind, readClientOrderId } from "./order_request_rules.ts";
import type { Order } from "../engine/orders.ts";
import { Refusal } from "../engine/refusal.ts";
import { printList } from "./print_numbers.ts";
import type { Call, Route } from "./route.ts";

/**
 * Processes and stores orders; refuses by throwing. Every method may return a promise; results of type `unknown` are
 * JSON.
 */
export interface OrderHandlers<AnyCall extends Call> {
  /** Permission bits for reading and writing. */
  readonly permissions: { readonly read: number; readonly write: number };
  /** The form of an order id. */
  readonly idPattern: RegExp;
  place(kind: OrderKind, call: AnyCall): unknown;
  /** Returns whether there was an order to cancel. */
  cancel(id: string, call: AnyCall): boolean | Promise<boolean>;
  /**
   * Whether cancelling an unknown or closed order answers `success: false` instead of an error.
   *
   * @default false
   */
  readonly answersFailedCancel?: boolean;
  /** Newest first; `closed` selects closed or open orders. */
  list(
    call: AnyCall,
    filter: { readonly closed: boolean | undefined },
  ): readonly Order[] | Promise<readonly Order[]>;
  find(
    by: { readonly id: string } | { readonly clientOrderId: string },
    call: AnyCall,
  ): Order | undefined | Promise<Order | undefined>;
  /**
   * How an empty list of orders is written.
   *
   * @default "array"
   */
  readonly emptyLists?: "array" | "null";
  trades(call: AnyCall): unknown;
  feeInfo(call: AnyCall): unknown;
}

/** Every endpoint of this file. */
export function orderRoutes<AnyCall extends Call>(handlers: OrderHandlers<AnyCall>): readonly Route<AnyCall>[] {
  const read = { method: "GET", permission: handlers.permissions.read, isOrderCall: true } as const;
  const write = { method: "POST", permission: handlers.permissions.write, isOrderCall: true } as const;
  const { emptyLists = "array" } = handlers;
  const find = async (call: AnyCall) => found(await handlers.find({ id: checkedId(call.id, handlers) }, call));
  return [
    { ...write, path: "/api/1/postorder", run: (call) => handlers.place("limit", call) },
    { ...write, path: "/api/1/marketorder", run: (call) => handlers.place("market", call) },
    {
      ...write,
      path: "/api/1/stoporder",
      run: async (call) => {
        const success = await handlers.cancel(checkedId(call.parameters.text("order_id") ?? "", handlers), call);
        if (!success && handlers.answersFailedCancel !== true) {
          throw new Refusal("ErrCannotStopUnknownOrNonPendingOrder");
        }
        return { success };
      },
    },
    {
      ...read,
      path: "/api/1/listorders",
      run: async (call) => {
        const state = call.parameters.choice("state", ["PENDING", "COMPLETE"], "ErrInvalidArguments");
        const closed = state === undefined ? undefined : state === "COMPLETE";
        return { orders: printList((await handlers.list(call, { closed })).map(printOrderV1), { emptyLists }) };
      },
    },
    {
      ...read,
      path: "/api/exchange/2/listorders",
      run: async (call) => {
        const closed = call.parameters.boolean("closed");
        return { orders: printList((await handlers.list(call, { closed })).map(printOrderV2), { emptyLists }) };
      },
    },
    { ...read, path: "/api/1/orders/{id}", run: async (call) => printOrderV1(await find(call)) },
    { ...read, path: "/api/exchange/2/orders/{id}", run: async (call) => printOrderV2(await find(call)) },
    { ...read, path: "/api/exchange/3/order", run: async (call) => printOrderV2(await findByEitherId(call, handlers)) },
    { ...read, path: "/api/1/listtrades", run: (call) => handlers.trades(call) },
    { ...read, path: "/api/1/fee_info", run: (call) => handlers.feeInfo(call) },
  ];
}

/** Exactly one of `id` and `client_order_id` identifies the order. */
async function findByEitherId<AnyCall extends Call>(
  call: AnyCall,
  handlers: OrderHandlers<AnyCall>,
): Promise<Order> {
  const id = call.parameters.text("id");
  const clientOrderId = readClientOrderId(call.parameters);
  if (id !== undefined && clientOrderId === undefined) {
    return found(await handlers.find({ id: checkedId(id, handlers) }, call));
  }
  if (id !== undefined || clientOrderId === undefined) throw new Refusal("ErrInvalidParameters");
  return found(await handlers.find({ clientOrderId }, call));
}

function found(order: Order | undefined): Order {
  if (order === undefined) throw new Refusal("ErrOrderNotFound");
  return order;
}

function checkedId(id: string, { idPattern }: { readonly idPattern: RegExp }): string {
  if (!idPattern.test(id)) throw new Refusal("ErrInvalidOrderRef");
  return id;
}
