/** A database that was restored to an earlier moment, or gave way to an older copy: it is noticed before an order leaves. */

import assert from "node:assert/strict";
import { openPostgresRecord } from "../../../src/state/record/postgres/open_record.ts";
import { SEEN_FILE } from "../../../src/state/record/postgres/seen_head.ts";
import { StoreError } from "../../../src/trading/record/store_error.ts";
import type { TradingRecord } from "../../../src/trading/record/trading_record.ts";
import { entry, FREE, INSTANCE, NOW, outcomeOf } from "../../trading/stores.ts";
import { accessOf } from "../open_postgres.ts";
import { PostgresServer } from "../postgres_server.ts";

/** A machine whose record is opened as often as wanted. */
class Machine implements AsyncDisposable {
  readonly folder: string;
  readonly #url: string;
  #record: TradingRecord | undefined;

  private constructor(folder: string, url: string) {
    this.folder = folder;
    this.#url = url;
  }

  static async start(url: string): Promise<Machine> {
    return new Machine(await Deno.makeTempDir(), url);
  }

  /** The record, of a server that has just started. */
  async restart(): Promise<TradingRecord> {
    await this.#record?.close();
    const waiting = { timeoutMs: 0, monotonic: () => performance.now() };
    const record = await openPostgresRecord(accessOf(this.#url), { folder: this.folder, mode: "write", ...waiting });
    this.#record = record;
    if (!await record.instances.has(INSTANCE.id)) await record.instances.enter(INSTANCE);
    return record;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#record?.close();
    await Deno.remove(this.folder, { recursive: true });
  }
}

const isRolledBack = (error: unknown) => error instanceof StoreError && error.failure === "rolled_back";

Deno.test("Journal.begin() begins nothing on a database that was restored to an earlier moment, until the operator confirms", async () => {
  await using server = await PostgresServer.start();
  await using machine = await Machine.start(server.url(await server.createDatabase()));
  const record = await machine.restart();
  assert.equal(outcomeOf(await record.journal.begin(entry("a"), FREE, NOW)), "begun");
  await server.fallBack(async () => {
    const begun = async () => outcomeOf(await record.journal.begin(entry("b"), FREE, NOW));
    // The connections of before were ended.
    while (await begun().catch(() => "lost") !== "begun");
  });
  const again = (name: string, from: TradingRecord) => from.journal.begin(entry(name), FREE, NOW);
  const refused = (name: string, from: TradingRecord) =>
    assert.rejects(async () => {
      for (;;) {
        try {
          return await again(name, from);
        } catch (error) {
          if (!(error instanceof StoreError) || error.failure !== "unavailable") throw error;
        }
      }
    }, isRolledBack);
  await refused("c", record);
  // Halting works, and others who begin rows in the place of those that are gone change nothing.
  await record.halts.pull({ by: "test", reason: "restored", cancelOpen: [], now: NOW });
  await record.halts.lift({ by: "test", now: NOW });
  await record.audit.record({ event: "decision", identity: "local" }, NOW);
  await refused("d", record);
  const restarted = await machine.restart();
  await refused("e", restarted);
  await Deno.remove(`${machine.folder}/${SEEN_FILE}`);
  assert.equal(outcomeOf(await again("f", await machine.restart())), "begun");
});

Deno.test("Journal.begin() continues after rows were moved into archive files, and on another database", async () => {
  await using server = await PostgresServer.start();
  const database = await server.createDatabase();
  await using machine = await Machine.start(server.url(database));
  const record = await machine.restart();
  await record.audit.record({ event: "decision", identity: "local" }, NOW - 400 * 86_400_000);
  const { rows } = await record.archive.run({ days: 1, now: NOW });
  assert.ok(rows > 0);
  assert.equal(outcomeOf(await record.journal.begin(entry("a"), FREE, NOW)), "begun");
  const other = await Machine.start(server.url(await server.createDatabase()));
  await Deno.copyFile(`${machine.folder}/${SEEN_FILE}`, `${other.folder}/${SEEN_FILE}`);
  assert.equal(outcomeOf(await (await other.restart()).journal.begin(entry("a"), FREE, NOW)), "begun");
  await other[Symbol.asyncDispose]();
});
