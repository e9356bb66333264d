/** Writes a book in the format of the exchange's snapshots, so that another server can rebuild it. */

import type { BookCopy, CopiedOrder } from "./order_book.ts";
import { fromUnits } from "./units.ts";

/** Orders written between two pauses: about a millisecond of work. */
const SLICE = 1_000;

/** Writes a copy of a book, with a pause after each slice, so that a large book does not block others. */
export async function writeSnapshot({ sequence, status, timestamp, bids, asks }: BookCopy): Promise<string> {
  const head = `"sequence":"${sequence}","status":"${status}","timestamp":${timestamp}`;
  return `{${head},"asks":[${await writeOrders(asks)}],"bids":[${await writeOrders(bids)}]}`;
}

async function writeOrders(orders: readonly CopiedOrder[]): Promise<string> {
  const slices: string[] = [];
  for (let from = 0; from < orders.length; from += SLICE) {
    if (from > 0) await new Promise((resolve) => setTimeout(resolve, 0));
    slices.push(orders.slice(from, from + SLICE).map(writeOrder).join(","));
  }
  return slices.join(",");
}

function writeOrder({ id, price, volume }: CopiedOrder): string {
  return `{"id":${JSON.stringify(id)},"price":"${fromUnits(price)}","volume":"${fromUnits(volume)}"}`;
}
