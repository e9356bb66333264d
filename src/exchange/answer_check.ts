/**
 * Checks an answer against its request: an answer for another pair, order or account is an error; rows that were not
 * asked for and repeated rows are removed and counted; rows are sorted in the documented order. All reads from the
 * exchange pass through here, so no other code has to check.
 */

import Big from "big.js";
import type { AnswerOf, EndpointName, ParamsOf } from "./endpoints.ts";
import type { OrderBookEntry } from "./market_schemas.ts";
import type { Counted } from "./wire_types.ts";

/** The answer is for something other than the request; `message` names the field. */
export class AnswerMismatch extends Error {
  override readonly name = "AnswerMismatch";
}

/**
 * Checks an answer that has the right shape.
 *
 * @throws {AnswerMismatch} when it is for something else, or none of the markets could be read
 */
export function checkAnswer<Name extends EndpointName>(
  name: Name,
  params: ParamsOf<Name>,
  answer: AnswerOf<Name>,
): AnswerOf<Name> {
  const check: Check<Name> | undefined = CHECKS[name];
  return check === undefined ? answer : check(answer, params);
}

type Check<Name extends EndpointName> = (answer: AnswerOf<Name>, params: ParamsOf<Name>) => AnswerOf<Name>;

const CHECKS: { readonly [Name in EndpointName]?: Check<Name> } = {
  getTicker: (answer, { pair }) => about(answer, "pair", pair),
  getTickers: (answer, { pair }) =>
    distinct(wanted(answer, "tickers", (row) => isAmong(pair, row.pair)), "tickers", (row) => row.pair),
  getMarkets: (answer, { pair }) => {
    const markets = readable(wanted(answer, "markets", (row) => isAmong(pair, row.market_id)), "markets");
    return distinct(markets, "markets", (row) => row.market_id);
  },
  getOrderBook: sortBook,
  getOrderBookFull: sortBook,
  listTrades: (answer, { since = 0 }) => {
    const trades = wanted(answer, "trades", (row) => row.timestamp >= since);
    const sorted = inOrder(trades, "trades", (one, other) => other.sequence - one.sequence);
    return distinct(sorted, "trades", (row) => row.sequence);
  },
  getCandles: (answer, { pair, since, duration }) => {
    // Candles can be read without these fields, but when present they must match.
    if (answer.pair !== "") about(answer, "pair", pair);
    if (answer.duration !== 0) about(answer, "duration", duration);
    // The candle in progress at that time began before it.
    const candles = wanted(answer, "candles", (row) => row.timestamp > since - duration * 1_000);
    const sorted = inOrder(candles, "candles", (one, other) => one.timestamp - other.timestamp);
    return distinct(sorted, "candles", (row) => row.timestamp);
  },
  createAccount: (answer, { currency }) => about(answer, "currency", currency),
  listTransactions: (answer, { id }) => {
    const rows = wanted(
      about(answer, "id", id),
      "transactions",
      (row) => row.row_index > 0 && isOf(row.account_id, id),
    );
    return distinct(rows, "transactions", (row) => row.row_index);
  },
  listPendingTransactions: (answer, { id }) =>
    wanted(about(answer, "id", id), "pending", (row) => isOf(row.account_id, id)),
  getBalances: (answer, { assets }) =>
    distinct(
      wanted(answer, "balance", (row) => isAmong(assets, row.asset)),
      "balance",
      (row) => `${row.account_id} ${row.asset}`,
    ),
  getMove: (answer, { id, client_move_id }) => about(about(answer, "id", id), "client_move_id", client_move_id),
  listOrdersV1: (answer, { pair }) =>
    inOrder(wanted(answer, "orders", (row) => isAmong(pair, row.pair)), "orders", newestFirst),
  listOrders: (answer, { pair }) =>
    inOrder(wanted(answer, "orders", (row) => isAmong(pair, row.pair)), "orders", newestFirst),
  getOrderV1: (answer, { id }) => about(answer, "order_id", id),
  getOrderV2: (answer, { id }) => about(answer, "order_id", id),
  getOrder: (answer, { id, client_order_id }) =>
    about(about(answer, "order_id", id), "client_order_id", client_order_id),
  listUserTrades: (answer, { pair, before, sort_desc }) => {
    const direction = sort_desc === true || before !== undefined ? -1 : 1;
    const trades = wanted(answer, "trades", (row) => row.pair === pair);
    const sorted = inOrder(trades, "trades", (one, other) => direction * (one.sequence - other.sequence));
    // A trade with oneself belongs to two orders.
    return distinct(sorted, "trades", (row) => `${row.sequence} ${row.order_id}`);
  },
  getFundingAddress: (answer, { asset, address }) => about(about(answer, "asset", asset), "address", address),
  createFundingAddress: (answer, { asset }) => about(answer, "asset", asset),
  getSendFee: (answer, { currency }) => about(answer, "currency", currency),
  listTransfers: (answer) => {
    const sorted = inOrder(answer, "transfers", (one, other) => other.created_at - one.created_at);
    return distinct(sorted, "transfers", (row) => row.id);
  },
  getWithdrawal: (answer, { id }) => about(answer, "id", id),
};

/** Returns its first argument if it is what was asked for; `undefined` accepts anything. */
function about<Answer extends object, Field extends keyof Answer & string>(
  answer: Answer,
  field: Field,
  asked: Answer[Field] | undefined,
): Answer {
  if (asked === undefined || answer[field] === asked) return answer;
  throw new AnswerMismatch(`${field} is not the one that was asked for`);
}

type Rows<Answer, Key extends keyof Answer> = Answer[Key] extends readonly (infer Row)[] ? Row : never;

/** Removes rows that were not asked for; when none remains, the answer is for something else. */
function wanted<Answer extends Counted, Key extends keyof Answer & string>(
  answer: Answer,
  key: Key,
  isWanted: (row: Rows<Answer, Key>) => boolean,
): Answer {
  const rows = rowsOf(answer, key);
  const kept = rows.filter(isWanted);
  if (kept.length === rows.length) return answer;
  if (kept.length === 0) throw new AnswerMismatch(`${key} are not those that were asked for`);
  return { ...answer, [key]: kept, left_out: answer.left_out + rows.length - kept.length };
}

/** Removes repeated rows, by their id: counting one twice would be wrong. */
function distinct<Answer extends Counted, Key extends keyof Answer & string>(
  answer: Answer,
  key: Key,
  idOf: (row: Rows<Answer, Key>) => string | number,
): Answer {
  const rows = rowsOf(answer, key);
  const ids = new Set(rows.map(idOf));
  if (ids.size === rows.length) return answer;
  const kept = rows.filter((row) => ids.delete(idOf(row)));
  return { ...answer, [key]: kept, left_out: answer.left_out + rows.length - kept.length };
}

/** A list of unreadable rows is not an empty list. */
function readable<Answer extends Counted, Key extends keyof Answer & string>(answer: Answer, key: Key): Answer {
  if (answer.left_out === 0 || rowsOf(answer, key).length > 0) return answer;
  throw new AnswerMismatch(`none of the ${key} can be read`);
}

/** Sorts rows into the documented order, and notes it when they were not. */
function inOrder<Answer extends Counted, Key extends keyof Answer & string>(
  answer: Answer,
  key: Key,
  compare: (one: Rows<Answer, Key>, other: Rows<Answer, Key>) => number,
): Answer {
  const rows = rowsOf(answer, key);
  return isSorted(rows, compare) ? answer : { ...answer, [key]: rows.toSorted(compare), was_unsorted: true };
}

function rowsOf<Answer, Key extends keyof Answer>(answer: Answer, key: Key): Rows<Answer, Key>[] {
  const rows: unknown = answer[key];
  return Array.isArray(rows) ? rows : [];
}

function newestFirst(one: { creation_timestamp: number }, other: { creation_timestamp: number }): number {
  return other.creation_timestamp - one.creation_timestamp;
}

function sortBook<Book extends Counted & { bids: OrderBookEntry[]; asks: OrderBookEntry[] }>(book: Book): Book {
  const byPrice = (direction: 1 | -1) => (one: PricedEntry, other: PricedEntry) => direction * one.big.cmp(other.big);
  const [bids, asks] = [book.bids, book.asks].map((side) =>
    side.map((entry) => ({ entry, big: new Big(entry.price) }))
  );
  if (bids === undefined || asks === undefined) return book;
  if (isSorted(bids, byPrice(-1)) && isSorted(asks, byPrice(1))) return book;
  return {
    ...book,
    bids: bids.toSorted(byPrice(-1)).map(({ entry }) => entry),
    asks: asks.toSorted(byPrice(1)).map(({ entry }) => entry),
    was_unsorted: true,
  };
}

interface PricedEntry {
  readonly entry: OrderBookEntry;
  readonly big: Big;
}

function isSorted<Row>(rows: readonly Row[], compare: (one: Row, other: Row) => number): boolean {
  return rows.every((row, index) => {
    const before = rows[index - 1];
    return before === undefined || compare(before, row) <= 0;
  });
}

/** Without a filter everything matches. */
function isAmong(asked: string | readonly string[] | undefined, value: string): boolean {
  return asked === undefined || (typeof asked === "string" ? asked === value : asked.includes(value));
}

/** A row may omit its account. */
function isOf(accountId: string, asked: string): boolean {
  return accountId === "" || accountId === asked;
}
