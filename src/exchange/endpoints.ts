/**
 * Every endpoint of the exchange that the client speaks, as data. Those that move money out of an account (send,
 * withdrawals, beneficiaries, convert, move) are left out on purpose.
 *
 * Parameters and answers keep Luno's field names.
 */

import { z } from "zod";
import {
  ClientId,
  CurrencyCode,
  exactlyOne,
  IntegerId,
  Limit,
  Milliseconds,
  OrderId,
  Pair,
  PositiveDecimal,
  type RequestParams,
  ShortText,
} from "./request_params.ts";
import {
  Account,
  BalanceList,
  BeneficiaryList,
  CandleList,
  FeeInfo,
  FundingAddress,
  LinkedUserList,
  MarketList,
  Move,
  MoveList,
  Order,
  OrderBook,
  OrderIdList,
  OrderList,
  OrderV1,
  OrderV1List,
  PendingTransactionList,
  PlacedOrder,
  PublicTradeList,
  SendFee,
  SendNetworkList,
  Success,
  Ticker,
  TickerList,
  TransactionList,
  TransferList,
  UserTradeList,
  Withdrawal,
  WithdrawalList,
} from "./schemas.ts";

/** What a key must be allowed to do: nothing (`none`: no key at all), being valid (`any`), or one permission bit. */
export type Permission =
  | "none"
  | "any"
  | "Perm_R_Balance"
  | "Perm_R_Transactions"
  | "Perm_W_Send"
  | "Perm_R_Addresses"
  | "Perm_W_Addresses"
  | "Perm_R_Orders"
  | "Perm_W_Orders"
  | "Perm_R_Withdrawals"
  | "Perm_R_Beneficiaries"
  | "Perm_R_Transfers";

/** Who goes first when calls are scarce: cancel, order, account, market. */
export type Priority = "cancel" | "order" | "account" | "market";

/** One row of {@linkcode endpoints}. */
export interface Endpoint<
  Params extends z.ZodType<RequestParams> = z.ZodType<RequestParams>,
  Answer extends z.ZodType = z.ZodType,
> {
  /** What the call does, as an order to somebody: "Read the ticker of one pair". */
  readonly title: string;
  /** A `GET` is a read and may be repeated; everything else is a write and is sent exactly once. */
  readonly method: "GET" | "POST" | "PUT";
  /** `{id}` stands for the parameter of that name. */
  readonly path: `/api/${string}`;
  readonly permission: Permission;
  readonly priority: Priority;
  readonly params: Params;
  readonly answer: Answer;
  /**
   * Total deadline of one call, waiting and repeating included.
   *
   * @default {10_000}
   */
  readonly timeoutMs?: number;
}

/** Answers its argument; the type parameters keep the shapes of parameters and answer. */
function endpoint<Params extends z.ZodType<RequestParams>, Answer extends z.ZodType>(
  row: Endpoint<Params, Answer>,
): Endpoint<Params, Answer> {
  return row;
}

const TimedOrder = {
  base_account_id: IntegerId.optional(),
  counter_account_id: IntegerId.optional(),
  /** When the order was decided; together with `ttl` it keeps a delayed request from executing late. */
  timestamp: Milliseconds.optional(),
  /** Milliseconds after `timestamp` at which the exchange drops the request. */
  ttl: z.int().min(1).max(10_000).optional(),
  client_order_id: ClientId.optional(),
};

const LimitOrder = z.strictObject({
  pair: Pair,
  type: z.enum(["BID", "ASK"]),
  volume: PositiveDecimal,
  price: PositiveDecimal,
  time_in_force: z.enum(["GTC", "IOC", "FOK"]).optional(),
  post_only: z.boolean().optional(),
  stop_price: PositiveDecimal.optional(),
  stop_direction: z.enum(["ABOVE", "BELOW", "RELATIVE_LAST_TRADE"]).optional(),
  ...TimedOrder,
}).refine((order) => order.post_only !== true || (order.time_in_force ?? "GTC") === "GTC", {
  path: ["post_only"],
  message: "cannot be combined with IOC or FOK",
}).refine((order) => (order.stop_price === undefined) === (order.stop_direction === undefined), {
  path: ["stop_direction"],
  message: "goes together with stop_price",
}).refine((order) => order.ttl === undefined || order.timestamp !== undefined, {
  path: ["ttl"],
  message: "works only together with timestamp",
});

const MarketOrder = z.strictObject({
  pair: Pair,
  type: z.enum(["BUY", "SELL"]),
  counter_volume: PositiveDecimal.optional(),
  base_volume: PositiveDecimal.optional(),
  ...TimedOrder,
}).refine((order) => (order.counter_volume !== undefined) === (order.type === "BUY"), {
  path: ["counter_volume"],
  message: "belongs to BUY, which always needs it",
}).refine((order) => (order.base_volume !== undefined) === (order.type === "SELL"), {
  path: ["base_volume"],
  message: "belongs to SELL, which always needs it",
}).refine((order) => order.ttl === undefined || order.timestamp !== undefined, {
  path: ["ttl"],
  message: "works only together with timestamp",
});

/** A span of more than 1000 rows is refused; with rows of different sign only the exchange knows the span. */
const RowRange = z.strictObject({ id: IntegerId, min_row: z.int(), max_row: z.int() }).refine(
  ({ min_row, max_row }) => (min_row > 0) !== (max_row > 0) || max_row - min_row <= 1000,
  { path: ["max_row"], message: "must be at most 1000 above min_row" },
);

const OnePair = z.strictObject({ pair: Pair });
const SomePairs = z.strictObject({ pair: z.array(Pair).max(500).optional() });

/** The endpoints by operation name. */
export const endpoints = {
  // ---- Market data ----

  /** `timestamp` is when that book last changed, which on a quiet pair is minutes ago. */
  getTicker: endpoint({
    title: "Read the ticker of one pair",
    method: "GET",
    path: "/api/1/ticker",
    permission: "none",
    priority: "market",
    params: OnePair,
    answer: Ticker,
  }),

  /** Without a filter all pairs; unknown pairs are left out in silence. */
  getTickers: endpoint({
    title: "Read the tickers of several pairs",
    method: "GET",
    path: "/api/1/tickers",
    permission: "none",
    priority: "market",
    params: SomePairs,
    answer: TickerList,
  }),

  /** The best 100 price levels of each side, aggregated by price. */
  getOrderBook: endpoint({
    title: "Read the top of an order book",
    method: "GET",
    path: "/api/1/orderbook_top",
    permission: "none",
    priority: "market",
    params: OnePair,
    answer: OrderBook,
  }),

  /** One entry for each order, not aggregated; about 1 MB for XBTZAR, so prefer the top. */
  getOrderBookFull: endpoint({
    title: "Read a whole order book",
    method: "GET",
    path: "/api/1/orderbook",
    permission: "none",
    priority: "market",
    params: OnePair,
    answer: OrderBook,
    timeoutMs: 30_000,
  }),

  /** At most 100, newest first; a `since` of more than 24 hours ago is refused. */
  listTrades: endpoint({
    title: "List the recent trades of one pair",
    method: "GET",
    path: "/api/1/trades",
    permission: "none",
    priority: "market",
    params: z.strictObject({ pair: Pair, since: Milliseconds.optional() }),
    answer: PublicTradeList,
  }),

  /**
   * The *earliest* 1000 candles from `since`, oldest first: a far-back `since` never reaches now, so page forward from
   * the last timestamp plus `duration` (seconds). The one market call that needs a key.
   */
  getCandles: endpoint({
    title: "Read candles of one pair",
    method: "GET",
    path: "/api/exchange/1/candles",
    permission: "any",
    priority: "market",
    params: z.strictObject({
      pair: Pair,
      since: Milliseconds,
      duration: z.literal([60, 300, 900, 1800, 3600, 10_800, 14_400, 28_800, 86_400, 259_200, 604_800]),
    }),
    answer: CandleList,
  }),

  /** Takes about two seconds without a filter; limits change over the months. */
  getMarkets: endpoint({
    title: "Read the markets and their limits",
    method: "GET",
    path: "/api/exchange/1/markets",
    permission: "none",
    priority: "market",
    params: SomePairs,
    answer: MarketList,
  }),

  // ---- Accounts ----

  createAccount: endpoint({
    title: "Create an account",
    method: "POST",
    path: "/api/1/accounts",
    permission: "Perm_W_Addresses",
    priority: "account",
    params: z.strictObject({ currency: CurrencyCode, name: ShortText }),
    answer: Account,
  }),

  updateAccountName: endpoint({
    title: "Rename an account",
    method: "PUT",
    path: "/api/1/accounts/{id}/name",
    permission: "Perm_W_Addresses",
    priority: "account",
    params: z.strictObject({ id: IntegerId, name: ShortText }),
    answer: Success,
  }),

  /** Pending rows have no stable number and may change or vanish. */
  listPendingTransactions: endpoint({
    title: "List the pending transactions of an account",
    method: "GET",
    path: "/api/1/accounts/{id}/pending",
    permission: "Perm_R_Transactions",
    priority: "account",
    params: z.strictObject({ id: IntegerId }),
    answer: PendingTransactionList,
  }),

  /**
   * Rows count from 1, the oldest. `min_row` is inclusive, `max_row` exclusive; a value <= 0 counts back from the
   * newest, with 0 for one past it: `-100` to `0` are the latest hundred. The order of rows in an answer is not promised.
   */
  listTransactions: endpoint({
    title: "List the transactions of an account",
    method: "GET",
    path: "/api/1/accounts/{id}/transactions",
    permission: "Perm_R_Transactions",
    priority: "account",
    params: RowRange,
    answer: TransactionList,
  }),

  getBalances: endpoint({
    title: "Read the balances",
    method: "GET",
    path: "/api/1/balance",
    permission: "Perm_R_Balance",
    priority: "account",
    params: z.strictObject({ assets: z.array(CurrencyCode).max(500).optional() }),
    answer: BalanceList,
  }),

  getMove: endpoint({
    title: "Read a move between accounts",
    method: "GET",
    path: "/api/exchange/1/move",
    permission: "any",
    priority: "account",
    params: z.strictObject({ id: IntegerId.optional(), client_move_id: ClientId.optional() }).refine(
      ({ id, client_move_id }) => exactlyOne(id, client_move_id),
      { path: ["id"], message: "expected exactly one of id and client_move_id" },
    ),
    answer: Move,
  }),

  listMoves: endpoint({
    title: "List the moves between accounts",
    method: "GET",
    path: "/api/exchange/1/move/list_moves",
    permission: "any",
    priority: "account",
    params: z.strictObject({ before: Milliseconds.optional(), limit: Limit.optional() }),
    answer: MoveList,
  }),

  /** `bank_recipient` filters by name, with `*` at either end. */
  listBeneficiaries: endpoint({
    title: "List the bank beneficiaries",
    method: "GET",
    path: "/api/1/beneficiaries",
    permission: "Perm_R_Beneficiaries",
    priority: "account",
    params: z.strictObject({ bank_recipient: ShortText.optional() }),
    answer: BeneficiaryList,
  }),

  // ---- Orders ----

  getFeeInfo: endpoint({
    title: "Read the fees of one pair",
    method: "GET",
    path: "/api/1/fee_info",
    permission: "Perm_R_Orders",
    priority: "account",
    params: OnePair,
    answer: FeeInfo,
  }),

  /** Without `state` open and closed orders alike, unlike version 2. */
  listOrdersV1: endpoint({
    title: "List orders in the form of version 1",
    method: "GET",
    path: "/api/1/listorders",
    permission: "Perm_R_Orders",
    priority: "account",
    params: z.strictObject({
      state: z.enum(["PENDING", "COMPLETE"]).optional(),
      pair: Pair.optional(),
      created_before: Milliseconds.optional(),
      limit: Limit.optional(),
    }),
    answer: OrderV1List,
  }),

  getOrderV1: endpoint({
    title: "Read an order in the form of version 1",
    method: "GET",
    path: "/api/1/orders/{id}",
    permission: "Perm_R_Orders",
    priority: "account",
    params: z.strictObject({ id: OrderId }),
    answer: OrderV1,
  }),

  /**
   * Open orders only, or with `closed` the closed ones only. `created_before` is exclusive and orders may share a
   * millisecond: page with overlap and drop doubles. Orders leave 100 days after completion.
   */
  listOrders: endpoint({
    title: "List orders",
    method: "GET",
    path: "/api/exchange/2/listorders",
    permission: "Perm_R_Orders",
    priority: "account",
    params: z.strictObject({
      pair: Pair.optional(),
      closed: z.boolean().optional(),
      created_before: Milliseconds.optional(),
      limit: Limit.optional(),
    }),
    answer: OrderList,
  }),

  /** What cancelling needs: the ids of open orders, whatever else of their rows cannot be read. */
  listOpenOrderIds: endpoint({
    title: "List the ids of open orders",
    method: "GET",
    path: "/api/exchange/2/listorders",
    permission: "Perm_R_Orders",
    priority: "cancel",
    params: z.strictObject({ created_before: Milliseconds.optional(), limit: Limit.optional() }),
    answer: OrderIdList,
  }),

  getOrderV2: endpoint({
    title: "Read an order in the form of version 2",
    method: "GET",
    path: "/api/exchange/2/orders/{id}",
    permission: "Perm_R_Orders",
    priority: "account",
    params: z.strictObject({ id: OrderId }),
    answer: Order,
  }),

  /** The only way to find an order by its `client_order_id`, and so the outcome of an order whose answer was lost. */
  getOrder: endpoint({
    title: "Read an order",
    method: "GET",
    path: "/api/exchange/3/order",
    permission: "Perm_R_Orders",
    priority: "account",
    params: z.strictObject({ id: OrderId.optional(), client_order_id: ClientId.optional() }).refine(
      ({ id, client_order_id }) => exactlyOne(id, client_order_id),
      { path: ["id"], message: "expected exactly one of id and client_order_id" },
    ),
    answer: Order,
  }),

  /** Oldest first, but newest first with `before` or `sort_desc`; may lag behind the newest fills. */
  listUserTrades: endpoint({
    title: "List own trades of one pair",
    method: "GET",
    path: "/api/1/listtrades",
    permission: "Perm_R_Orders",
    priority: "account",
    params: z.strictObject({
      pair: Pair,
      /** Inclusive. */
      since: Milliseconds.optional(),
      /** Exclusive. */
      before: Milliseconds.optional(),
      /** Inclusive. */
      after_seq: z.int().nonnegative().optional(),
      /** Exclusive. */
      before_seq: z.int().nonnegative().optional(),
      sort_desc: z.boolean().optional(),
      limit: Limit.optional(),
    }),
    answer: UserTradeList,
  }),

  /** An `order_id` means accepted: not filled, and not even on the book yet. Sides are BID and ASK here. */
  postLimitOrder: endpoint({
    title: "Place a limit order",
    method: "POST",
    path: "/api/1/postorder",
    permission: "Perm_W_Orders",
    priority: "order",
    params: LimitOrder,
    answer: PlacedOrder,
  }),

  /** Buys for an amount of counter currency, sells an amount of base currency; there is no limit to the price. */
  postMarketOrder: endpoint({
    title: "Place a market order",
    method: "POST",
    path: "/api/1/marketorder",
    permission: "Perm_W_Orders",
    priority: "order",
    params: MarketOrder,
    answer: PlacedOrder,
  }),

  /** Asynchronous, and the order may have filled first: read it afterwards. */
  stopOrder: endpoint({
    title: "Cancel an order",
    method: "POST",
    path: "/api/1/stoporder",
    permission: "Perm_W_Orders",
    priority: "cancel",
    params: z.strictObject({ order_id: OrderId }),
    answer: Success,
  }),

  // ---- Money in and out ----

  /** Without `address` the default one. */
  getFundingAddress: endpoint({
    title: "Read a receive address",
    method: "GET",
    path: "/api/1/funding_address",
    permission: "Perm_R_Addresses",
    priority: "account",
    params: z.strictObject({
      asset: CurrencyCode,
      address: ShortText.optional(),
      network: z.int().nonnegative().optional(),
    }),
    answer: FundingAddress,
  }),

  /** About one an hour, ten in a burst. */
  createFundingAddress: endpoint({
    title: "Create a receive address",
    method: "POST",
    path: "/api/1/funding_address",
    permission: "Perm_W_Addresses",
    priority: "account",
    params: z.strictObject({
      asset: CurrencyCode,
      name: ShortText.optional(),
      account_id: IntegerId.optional(),
      network: z.int().nonnegative().optional(),
    }),
    answer: FundingAddress,
  }),

  /** Registers travel-rule data; `destination_tag` counts only with `has_destination_tag`, tag 0 included. */
  validateAddress: endpoint({
    title: "Register the details of a destination address",
    method: "POST",
    path: "/api/1/address/validate",
    permission: "Perm_W_Send",
    priority: "account",
    params: z.strictObject({
      address: ShortText,
      currency: CurrencyCode,
      address_name: ShortText.optional(),
      has_destination_tag: z.boolean().optional(),
      destination_tag: z.int().nonnegative().optional(),
      memo: ShortText.optional(),
      is_self_send: z.boolean().optional(),
      is_private_wallet: z.boolean().optional(),
      wallet_name: ShortText.optional(),
      is_legal_entity: z.boolean().optional(),
      beneficiary_name: ShortText.optional(),
      institution_name: ShortText.optional(),
      country: ShortText.optional(),
      nationality: ShortText.optional(),
      physical_address: ShortText.optional(),
      date_of_birth: z.iso.date().optional(),
    }).refine((target) => target.destination_tag === undefined || target.has_destination_tag === true, {
      path: ["has_destination_tag"],
      message: "must be true when destination_tag is given",
    }),
    answer: Success,
  }),

  listSendNetworks: endpoint({
    title: "List the networks of a currency",
    method: "GET",
    path: "/api/1/send/networks",
    permission: "any",
    priority: "account",
    params: z.strictObject({ currency: CurrencyCode }),
    answer: SendNetworkList,
  }),

  getSendFee: endpoint({
    title: "Read the fee of a send",
    method: "GET",
    path: "/api/1/send_fee",
    permission: "any",
    priority: "account",
    params: z.strictObject({ amount: PositiveDecimal, currency: CurrencyCode, address: ShortText }),
    answer: SendFee,
  }),

  /** `before_id` is *inclusive*: drop the first row when paging. */
  listWithdrawals: endpoint({
    title: "List the withdrawals",
    method: "GET",
    path: "/api/1/withdrawals",
    permission: "Perm_R_Withdrawals",
    priority: "account",
    params: z.strictObject({ before_id: IntegerId.optional(), limit: Limit.optional() }),
    answer: WithdrawalList,
  }),

  getWithdrawal: endpoint({
    title: "Read a withdrawal",
    method: "GET",
    path: "/api/1/withdrawals/{id}",
    permission: "Perm_R_Withdrawals",
    priority: "account",
    params: z.strictObject({ id: IntegerId }),
    answer: Withdrawal,
  }),

  /** Of one account, in its currency; trades and moves are no transfers. Page with `before` = last `created_at`. */
  listTransfers: endpoint({
    title: "List the transfers of an account",
    method: "GET",
    path: "/api/exchange/1/transfers",
    permission: "Perm_R_Transfers",
    priority: "account",
    params: z.strictObject({ account_id: IntegerId, before: Milliseconds.optional(), limit: Limit.optional() }),
    answer: TransferList,
  }),

  /** Neither its permission nor its paging is documented. */
  listLinkedUsers: endpoint({
    title: "List the linked users",
    method: "GET",
    path: "/api/1/users/linked",
    permission: "any",
    priority: "account",
    params: z.strictObject({ limit: Limit.optional(), offset: z.int().nonnegative().optional() }),
    answer: LinkedUserList,
  }),
} as const;

/** The name of an endpoint. */
export type EndpointName = keyof typeof endpoints;

/** What the caller of an endpoint passes. */
export type ParamsOf<Name extends EndpointName> = z.input<(typeof endpoints)[Name]["params"]>;

type Answers = { [Name in EndpointName]: z.output<(typeof endpoints)[Name]["answer"]> };

/** What an endpoint answers. */
export type AnswerOf<Name extends EndpointName> = Answers[Name];

/** The schema of an endpoint's answer; keeps the tie between name and type that `endpoints[name].answer` loses. */
export function answerSchema<Name extends EndpointName>(name: Name): z.ZodType<AnswerOf<Name>> {
  const schemas: { readonly [Each in EndpointName]: { readonly answer: z.ZodType<Answers[Each]> } } = endpoints;
  return schemas[name].answer;
}
