/** Databases under engines on PostgreSQL that are broken on purpose: whatever stands on one of them breaks a promise. */

import { Database } from "../../src/state/record/postgres/database.ts";
import type { Session, TransactionOptions, Value } from "../../src/state/record/postgres/database.ts";
import type { Row } from "../../src/state/row.ts";
import { reworded } from "./rewording.ts";
import type { Fault, Rewording } from "./rewording.ts";

/** Keeps nothing of what it was told to commit. */
export class LosingDatabase extends Database {
  override transaction<Result>(body: (session: Session) => Promise<Result>): Promise<Result> {
    return super.transaction(async (session) => {
      const result = await body(session);
      await session.query("ROLLBACK; BEGIN");
      return result;
    });
  }
}

/** Commits a change when it is asked for something else. */
class EarlyDatabase extends Database {
  #commit: () => void = () => {};

  override read(text: string, values: readonly Value[] = []): Promise<Row[]> {
    this.#commit();
    return super.read(text, values);
  }

  override snapshot<Result>(
    body: (session: Session) => Promise<Result>,
    options: TransactionOptions = {},
  ): Promise<Result> {
    this.#commit();
    return super.snapshot(body, options);
  }

  override transaction<Result>(body: (session: Session) => Promise<Result>): Promise<Result> {
    this.#commit();
    const [answered, asked] = [Promise.withResolvers<Result>(), Promise.withResolvers<void>()];
    this.#commit = asked.resolve;
    const written = super.transaction(async (session) => {
      answered.resolve(await body(session));
      await asked.promise;
    });
    written.catch(answered.reject);
    return answered.promise;
  }

  override close(): Promise<void> {
    this.#commit();
    return super.close();
  }
}

/** Takes no lock, and its time between what it reads and what it writes. */
class RacingDatabase extends Database {
  override transaction<Result>(body: (session: Session) => Promise<Result>): Promise<Result> {
    return super.transaction(({ query }) =>
      body({
        async query(text, values) {
          if (/^INSERT INTO (keys|paper_orders) /.test(text)) await query("SELECT pg_sleep(0.1)");
          return await query(text.replace(" FOR UPDATE", ""), values);
        },
      })
    );
  }
}

/** Remembers what it has read until it writes itself. */
class StaleDatabase extends Database {
  readonly #read = new Map<string, Promise<Row[]>>();

  override read(text: string, values: readonly Value[] = []): Promise<Row[]> {
    return this.#remembered(text, values, () => super.read(text, values));
  }

  override snapshot<Result>(
    body: (session: Session) => Promise<Result>,
    options: TransactionOptions = {},
  ): Promise<Result> {
    return super.snapshot(
      ({ query }) => body({ query: (text, values = []) => this.#remembered(text, values, () => query(text, values)) }),
      options,
    );
  }

  override transaction<Result>(body: (session: Session) => Promise<Result>): Promise<Result> {
    this.#read.clear();
    return super.transaction(body);
  }

  #remembered(text: string, values: readonly Value[], read: () => Promise<Row[]>): Promise<Row[]> {
    return this.#read.getOrInsertComputed(JSON.stringify([text, values]), read);
  }
}

/** A database for each of the faults, and for those that any engine may have, by what is wrong with it. */
export function brokenDatabases(faults: Readonly<Record<string, Fault>>): Readonly<Record<string, typeof Database>> {
  const reworded = Object.entries(faults).map(([fault, { postgres }]) => [fault, rewording(postgres)]);
  return {
    "loses commits": LosingDatabase,
    "answers before it has written": EarlyDatabase,
    "lets two pass a check together": RacingDatabase,
    "reads what was there before": StaleDatabase,
    ...Object.fromEntries(reworded),
  };
}

/** Is told something else than the engine says. */
function rewording(by: Rewording): typeof Database {
  const instead = ({ query }: Session): Session => ({
    query: (text, values) => query(reworded(text, by), values),
  });
  return class extends Database {
    override read(text: string, values: readonly Value[] = []): Promise<Row[]> {
      return super.read(reworded(text, by), values);
    }

    override snapshot<Result>(
      body: (session: Session) => Promise<Result>,
      options: TransactionOptions = {},
    ): Promise<Result> {
      return super.snapshot((session) => body(instead(session)), options);
    }

    override transaction<Result>(body: (session: Session) => Promise<Result>): Promise<Result> {
      return super.transaction((session) => body(instead(session)));
    }
  };
}
