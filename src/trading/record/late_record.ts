/** A stand-in for a record that another process keeps from being opened, so that everything else can go on. */

import { StoreError } from "./store_error.ts";
import { recordOf } from "./trading_record.ts";
import type { RecordPart, TradingRecord } from "./trading_record.ts";

/** Until the record is open, every operation rejects with a `StoreError` as busy. */
export function lateRecord(opening: Promise<TradingRecord>): TradingRecord {
  let opened: TradingRecord | undefined;
  opening.then((record) => opened = record, () => {});
  const part = <Name extends RecordPart>(name: Name): TradingRecord[Name] => {
    const get = (_: object, operation: string | symbol) => async (...args: unknown[]): Promise<unknown> => {
      if (opened === undefined) throw new StoreError("busy");
      const run: (...args: unknown[]) => unknown = Reflect.get<object, typeof operation>(opened[name], operation);
      return await run(...args);
    };
    return new Proxy({}, { get }) as TradingRecord[Name];
  };
  return {
    ...recordOf(part),
    async close() {
      await (await opening.catch(() => undefined))?.close();
    },
  };
}
