/**
 * Schemas of the exchange's answers, applied where they enter. Field names stay Luno's; unknown fields are dropped;
 * decimals are plain strings without trailing zeros, ids strings, times integer milliseconds since the Unix epoch. An
 * unreadable row of a list does not invalidate the answer: it is omitted, and counted in `left_out`.
 */

import { z } from "zod";
import {
  Amount,
  AmountOrZero,
  Code,
  CodeOrEmpty,
  counted,
  Decimal,
  DecimalOrZero,
  Flag,
  Id,
  IdOrEmpty,
  Integer,
  IntegerOrZero,
  list,
  Text,
  Timestamp,
  TimestampOrZero,
  word,
} from "./wire_types.ts";

// ---- Market data ----

/** Best bid, best ask and last trade of one pair; an empty side of the book reads `"0"`. */
export const Ticker = z.object({
  pair: Code,
  timestamp: Timestamp,
  bid: AmountOrZero,
  ask: AmountOrZero,
  last_trade: AmountOrZero,
  /** In base currency. */
  rolling_24_hour_volume: AmountOrZero,
  status: word(["ACTIVE", "POSTONLY", "DISABLED"]),
});
export type Ticker = z.output<typeof Ticker>;

/** Answer of `getTickers`. */
export const TickerList = counted(z.object({ tickers: list(Ticker) }));
export type TickerList = z.output<typeof TickerList>;

/** One price of a book: a level in the aggregated book, a single order in the full book. */
export const OrderBookEntry = z.object({ price: Amount, volume: Amount });
export type OrderBookEntry = z.output<typeof OrderBookEntry>;

/** Bids from high to low, asks from low to high. */
export const OrderBook = counted(z.object({
  timestamp: Timestamp,
  bids: list(OrderBookEntry),
  asks: list(OrderBookEntry),
}));
export type OrderBook = z.output<typeof OrderBook>;

/** A public trade; `is_buy` means that the taker bought. */
export const PublicTrade = z.object({
  sequence: Integer,
  timestamp: Timestamp,
  price: Amount,
  /** In base currency. */
  volume: Amount,
  is_buy: z.boolean(),
});
export type PublicTrade = z.output<typeof PublicTrade>;

/** Answer of `listTrades`, newest first. */
export const PublicTradeList = counted(z.object({ trades: list(PublicTrade) }));
export type PublicTradeList = z.output<typeof PublicTradeList>;

/** `timestamp` is the start of the interval, `volume` is in base currency. */
export const Candle = z.object({
  timestamp: Timestamp,
  open: Amount,
  high: Amount,
  low: Amount,
  close: Amount,
  volume: AmountOrZero,
});
export type Candle = z.output<typeof Candle>;

/** Answer of `getCandles`, oldest first; `duration` in seconds. */
export const CandleList = counted(z.object({ candles: list(Candle), pair: Text, duration: IntegerOrZero }));
export type CandleList = z.output<typeof CandleList>;

/** Decimals of a price, a volume or a fee. Real markets have far fewer; the bound keeps arithmetic finite. */
const Scale = Integer.pipe(z.int().min(0).max(30));

/** Decimals of a fee when a market does not give them: those of the smallest amount that Luno keeps. */
const FEE_SCALE = 8;

/** One market: its currencies, and the limits and decimals of an order in it. */
export const Market = z.object({
  /** The pair, such as `XBTZAR`. */
  market_id: Code,
  base_currency: Code,
  counter_currency: Code,
  trading_status: word(["ACTIVE", "POST_ONLY", "SUSPENDED"]),
  /** Smallest order, in base currency. */
  min_volume: Amount,
  max_volume: Amount,
  /** Decimals allowed in a volume. */
  volume_scale: Scale,
  min_price: Amount,
  max_price: Amount,
  /** Decimals allowed in a price. */
  price_scale: Scale,
  fee_scale: z.preprocess((value) => value ?? FEE_SCALE, Scale),
});
export type Market = z.output<typeof Market>;

/** Answer of `getMarkets`. */
export const MarketList = counted(z.object({ markets: list(Market) }));
export type MarketList = z.output<typeof MarketList>;

// ---- Accounts ----

/** Answer of `createAccount`. */
export const Account = z.object({ id: Id, currency: Code, name: Text });
export type Account = z.output<typeof Account>;

/** An answer that only reports success. */
export const Success = z.object({ success: z.boolean() });
export type Success = z.output<typeof Success>;

/**
 * One account. Available is `balance` less `reserved`: the documentation calls `balance` the available amount, but the
 * ledger and other clients show that it includes what is reserved.
 */
export const Balance = z.object({
  account_id: Id,
  asset: Code,
  balance: Decimal,
  reserved: Decimal,
  /** Incoming, not yet credited. */
  unconfirmed: DecimalOrZero,
  name: Text,
});
export type Balance = z.output<typeof Balance>;

/** Answer of `getBalances`; an asset may have several accounts. */
export const BalanceList = counted(z.object({ balance: list(Balance) }));
export type BalanceList = z.output<typeof BalanceList>;

const CryptoDetails = z.object({ address: Text, txid: Text }).nullish()
  .transform((details) => details && (details.address !== "" || details.txid !== "") ? details : null);

const TradeDetails = z.object({
  pair: CodeOrEmpty,
  price: AmountOrZero,
  sequence: IntegerOrZero,
  volume: AmountOrZero,
})
  .nullish().transform((details) => details && details.pair !== "" ? details : null);

const DetailFields = z.object({ crypto_details: CryptoDetails, trade_details: TradeDetails }).nullish()
  .transform((fields) => fields ?? { crypto_details: null, trade_details: null });

/**
 * One row of an account's ledger. Rows count from 1, the oldest, and never change; a pending one has no stable number.
 * `description` and `details` are text for people, not to be parsed.
 */
export const Transaction = z.object({
  row_index: IntegerOrZero,
  timestamp: Timestamp,
  account_id: IdOrEmpty,
  currency: Code,
  balance: Decimal,
  available: Decimal,
  balance_delta: Decimal,
  available_delta: Decimal,
  description: Text,
  kind: word(["FEE", "TRANSFER", "EXCHANGE", "INTEREST"]),
  /** Shared by all rows of one event, such as both legs of a trade and its fee. */
  reference: Text,
  details: z.record(z.string(), z.string()).nullish().transform((details) => details ?? {}),
  /** Parts that do not apply are `null`. */
  detail_fields: DetailFields,
});
export type Transaction = z.output<typeof Transaction>;

/** Answer of `listTransactions`; rows without `account_id` belong to `id`. */
export const TransactionList = counted(z.object({ id: Id, transactions: list(Transaction) }));
export type TransactionList = z.output<typeof TransactionList>;

/** Answer of `listPendingTransactions`. */
export const PendingTransactionList = counted(z.object({
  id: Id,
  name: Text,
  currency: Text,
  pending: list(Transaction),
  transactions: list(Transaction),
}));
export type PendingTransactionList = z.output<typeof PendingTransactionList>;

/** Funds on their way between two own accounts of one currency. */
export const Move = z.object({
  id: Id,
  client_move_id: Text,
  amount: Decimal,
  debit_account_id: Id,
  credit_account_id: Id,
  status: word(["CREATED", "MOVING", "SUCCESSFUL", "FAILED"]),
  created_at: Timestamp,
  updated_at: TimestampOrZero,
});
export type Move = z.output<typeof Move>;

/** Answer of `listMoves`, newest first. */
export const MoveList = counted(z.object({ moves: list(Move) }));
export type MoveList = z.output<typeof MoveList>;

/** A bank account that withdrawals may be paid to. */
export const Beneficiary = z.object({
  id: Id,
  /** SWIFT code. */
  bank_name: Text,
  bank_account_number: Text,
  bank_account_type: Text,
  bank_account_branch: Text,
  bank_country: Text,
  bank_recipient: Text,
  created_at: TimestampOrZero,
  supports_fast_withdrawals: Flag,
});
export type Beneficiary = z.output<typeof Beneficiary>;

/** Answer of `listBeneficiaries`. */
export const BeneficiaryList = counted(z.object({ beneficiaries: list(Beneficiary) }));
export type BeneficiaryList = z.output<typeof BeneficiaryList>;

// ---- Orders ----

const TimeInForce = word(["GTC", "IOC", "FOK"], "");

const filled = {
  /** Filled so far, without fees. */
  base: Amount,
  counter: Amount,
  fee_base: DecimalOrZero,
  fee_counter: DecimalOrZero,
};

const times = {
  creation_timestamp: Timestamp,
  /** 0 while live; set when the order leaves the book. */
  completed_timestamp: TimestampOrZero,
  /** Set when a cancel was processed, else 0. */
  expiration_timestamp: TimestampOrZero,
};

/**
 * An order in API versions 2 and 3. `COMPLETE` means filled *or* cancelled: filled when `base` equals `limit_volume`,
 * cancelled by its owner when `expiration_timestamp` is set, otherwise ended early by the exchange.
 */
export const Order = z.object({
  order_id: Id,
  /** `""` when none was given. */
  client_order_id: Text,
  pair: Code,
  side: z.enum(["BUY", "SELL"]),
  type: word(["LIMIT", "MARKET", "STOP_LIMIT"]),
  /** `AWAITING`: not on the book yet. */
  status: word(["AWAITING", "PENDING", "COMPLETE"]),
  /** `""` for a market order. */
  time_in_force: TimeInForce,
  /** `"0"` for a market order. */
  limit_price: AmountOrZero,
  limit_volume: AmountOrZero,
  stop_price: AmountOrZero,
  stop_direction: word(["ABOVE", "BELOW"], ""),
  ...filled,
  base_account_id: IdOrEmpty,
  counter_account_id: IdOrEmpty,
  ...times,
});
export type Order = z.output<typeof Order>;

/** The side of an order. */
export type Side = Order["side"];

/** Answer of `listOrders`, newest first. */
export const OrderList = counted(z.object({ orders: list(Order) }));
export type OrderList = z.output<typeof OrderList>;

/** The fields of an order that cancelling needs; unreadable texts are `""`, an unreadable time is 0. */
export const OrderId = z.object({
  order_id: Id,
  client_order_id: z.string().catch(""),
  pair: z.string().catch(""),
  creation_timestamp: Timestamp.catch(0),
});
export type OrderId = z.output<typeof OrderId>;

/** Answer of `listOpenOrderIds`, newest first. */
export const OrderIdList = counted(z.object({ orders: list(OrderId) }));
export type OrderIdList = z.output<typeof OrderIdList>;

/** An order in API version 1; `type` is the side: BID and ASK for limit orders, BUY and SELL for market orders. */
export const OrderV1 = z.object({
  order_id: Id,
  pair: Code,
  type: z.enum(["BID", "ASK", "BUY", "SELL"]),
  state: word(["PENDING", "COMPLETE"]),
  time_in_force: TimeInForce,
  limit_price: AmountOrZero,
  limit_volume: AmountOrZero,
  ...filled,
  ...times,
});
export type OrderV1 = z.output<typeof OrderV1>;

/** Answer of `listOrdersV1`, newest first. */
export const OrderV1List = counted(z.object({ orders: list(OrderV1) }));
export type OrderV1List = z.output<typeof OrderV1List>;

/** Answer of `postLimitOrder` and `postMarketOrder`: accepted, not necessarily on the book yet. */
export const PlacedOrder = z.object({ order_id: Id });
export type PlacedOrder = z.output<typeof PlacedOrder>;

/**
 * A fill of an own order. `type` is the side of that order, `is_buy` that of the taker: the order was the taker when
 * (type is BID) equals is_buy.
 */
export const UserTrade = z.object({
  pair: Code,
  sequence: Integer,
  order_id: Id,
  client_order_id: Text,
  type: z.enum(["BID", "ASK"]),
  is_buy: z.boolean(),
  timestamp: Timestamp,
  price: Amount,
  volume: Amount,
  base: Amount,
  counter: Amount,
  fee_base: DecimalOrZero,
  fee_counter: DecimalOrZero,
});
export type UserTrade = z.output<typeof UserTrade>;

/** Answer of `listUserTrades`. */
export const UserTradeList = counted(z.object({ trades: list(UserTrade) }));
export type UserTradeList = z.output<typeof UserTradeList>;

/**
 * Fees of one pair as fractions (`"0.006"` is 0.6 %), as of the last midnight GMT; a maker fee may be negative. The
 * deprecated `maker_fee` and `taker_fee` are used when the rates by side are missing.
 */
export const FeeInfo = z.preprocess(
  withFeesBySide,
  z.object({
    maker_fee_buy: Decimal,
    maker_fee_sell: Decimal,
    taker_fee_buy: Decimal,
    taker_fee_sell: Decimal,
    thirty_day_volume: DecimalOrZero,
  }),
);
export type FeeInfo = z.output<typeof FeeInfo>;

// ---- Money in and out ----

/** A deposit address; tags and memos are in `address_meta`. */
export const FundingAddress = z.object({
  asset: Code,
  address: z.string(),
  name: Text,
  account_id: IdOrEmpty,
  network: IntegerOrZero,
  assigned_at: TimestampOrZero,
  address_meta: list(z.object({ label: Text, value: Text })),
  qr_code_uri: Text,
  receive_fee: DecimalOrZero,
  total_received: DecimalOrZero,
  total_unconfirmed: DecimalOrZero,
});
export type FundingAddress = z.output<typeof FundingAddress>;

/** A network over which a currency can be sent; network 0 exists. */
export const SendNetwork = z.object({ id: Integer, name: Text, native_currency: Text });
export type SendNetwork = z.output<typeof SendNetwork>;

/** Answer of `listSendNetworks`. */
export const SendNetworkList = counted(z.object({ networks: list(SendNetwork) }));
export type SendNetworkList = z.output<typeof SendNetworkList>;

/** Answer of `getSendFee`. */
export const SendFee = z.object({ currency: Code, fee: Decimal });
export type SendFee = z.output<typeof SendFee>;

/** A withdrawal to a bank; `transfer_id` is set once it is complete, else `""`. */
export const Withdrawal = z.object({
  id: Id,
  status: word(["PENDING", "PROCESSING", "COMPLETED", "CANCELLED", "WAITING", "CANCELLING"]),
  type: Text,
  currency: Code,
  amount: Decimal,
  fee: DecimalOrZero,
  created_at: Timestamp,
  external_id: Text,
  transfer_id: IdOrEmpty,
});
export type Withdrawal = z.output<typeof Withdrawal>;

/** Answer of `listWithdrawals`. */
export const WithdrawalList = counted(z.object({ withdrawals: list(Withdrawal) }));
export type WithdrawalList = z.output<typeof WithdrawalList>;

/** A confirmed deposit to or withdrawal from one account, in its currency; `amount` is positive and net of `fee`. */
export const Transfer = z.object({
  id: Id,
  amount: Amount,
  fee: DecimalOrZero,
  inbound: z.boolean(),
  created_at: Timestamp,
  /** The id on the blockchain; `""` for a bank or card. */
  transaction_id: Text,
});
export type Transfer = z.output<typeof Transfer>;

/** Answer of `listTransfers`, newest first. */
export const TransferList = counted(z.object({ transfers: list(Transfer) }));
export type TransferList = z.output<typeof TransferList>;

/** A user on whose behalf the key may act. */
export const LinkedUser = z.object({
  user_id: Id,
  label: Text,
  permissions: list(z.union([z.string(), z.number().transform(String)])),
  created_at: TimestampOrZero,
});
export type LinkedUser = z.output<typeof LinkedUser>;

/** Answer of `listLinkedUsers`. */
export const LinkedUserList = counted(z.object({ users: list(LinkedUser) }));
export type LinkedUserList = z.output<typeof LinkedUserList>;

function withFeesBySide(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const maker = "maker_fee" in value ? value.maker_fee : undefined;
  const taker = "taker_fee" in value ? value.taker_fee : undefined;
  const deprecated = { maker_fee_buy: maker, maker_fee_sell: maker, taker_fee_buy: taker, taker_fee_sell: taker };
  const written = Object.entries(value).filter(([, rate]) => rate !== null && rate !== "");
  return { ...deprecated, ...Object.fromEntries(written) };
}
