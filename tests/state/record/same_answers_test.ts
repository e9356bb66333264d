/** The engines of the record answer the same to the same acts. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { StoreError } from "../../../src/trading/record/store_error.ts";
import type { TradingRecord } from "../../../src/trading/record/trading_record.ts";
import { PostgresServer } from "../postgres_server.ts";
import { startPostgresRecordIn } from "./postgres_record.ts";
import { ACTS } from "./record_acts.ts";
import type { Act, MadeUp } from "./record_acts.ts";
import { RECORD_ENGINES } from "./record_engines.ts";

let server: PostgresServer;

Deno.test.beforeAll(async () => {
  server = await PostgresServer.start();
});

Deno.test.afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

Deno.test("SQLite and PostgreSQL give the same answers to the same operations, and keep the same audit", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(ACTS, { minLength: 150, maxLength: 150 }), async (acts) => {
      const start = RECORD_ENGINES["sqlite"] ?? assert.fail("no engine");
      await using sqlite = await start();
      await using postgres = await startPostgresRecordIn(server, await server.createDatabase(AS_PEOPLE_SORT));
      const one = new Answers(await sqlite.open());
      const other = new Answers(await postgres.open());
      for (const [at, act] of acts.entries()) {
        const [first, second] = [await one.of(act), await other.of(act)];
        assert.deepEqual(second, first, `act ${at}, ${act.name} ${JSON.stringify(act.args)}`);
      }
      for (const act of END) assert.deepEqual(await other.of(act), await one.of(act), act.name);
    }),
    // What fails is shown with all its acts: looking for fewer would take minutes.
    { numRuns: 8, seed: 1, endOnFailure: true },
  );
});

/** Sorts texts as people do, and as most databases, and not by their bytes. */
const AS_PEOPLE_SORT = "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C'";

/** What is compared after all acts. */
const END: readonly Act[] = [
  { name: "the whole audit", args: {}, run: ({ audit }) => audit.trail({ limit: 10_000 }) },
  { name: "whether it is whole", args: {}, run: async ({ audit }) => (await audit.verify()).ok },
];

/** What one record answers, as texts that can be compared. */
class Answers {
  readonly #record: TradingRecord;
  readonly #made: MadeUp = { approvals: [], links: [], dialogs: [], secrets: [] };

  constructor(record: TradingRecord) {
    this.#record = record;
  }

  async of({ run }: Act): Promise<unknown> {
    try {
      return this.#comparable(await run(this.#record, this.#made));
    } catch (error) {
      if (error instanceof StoreError) return `StoreError ${error.failure}`;
      if (error instanceof RangeError || error instanceof TypeError) return this.#comparable(String(error));
      throw error;
    }
  }

  /** Without what differs by its nature: what was made up, hashes over that, and who is connected. */
  #comparable(answer: unknown): unknown {
    let text = JSON.stringify(answer, (name, value) => name === "hash" || name === "previous" ? "" : value) ?? "";
    for (const [kind, ids] of Object.entries(this.#made)) {
      for (const [n, id] of ids.entries()) text = text.replaceAll(id, `${kind} ${n}`);
    }
    return text === "" ? undefined : JSON.parse(text.replaceAll("test (postgres)", "test"));
  }
}
