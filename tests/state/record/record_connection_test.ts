/** What several servers on one database do to each other's knowledge of where the audit ends. */

import assert from "node:assert/strict";
import { Database } from "../../../src/state/record/postgres/database.ts";
import type { Session } from "../../../src/state/record/postgres/database.ts";
import { prepareTables } from "../../../src/state/record/postgres/migrate.ts";
import { RecordConnection } from "../../../src/state/record/postgres/record_connection.ts";
import { SeenHead } from "../../../src/state/record/postgres/seen_head.ts";
import { LogRecords } from "../../support/log_records.ts";
import { NOW } from "../../trading/stores.ts";
import { accessOf } from "../open_postgres.ts";
import { PostgresServer } from "../postgres_server.ts";

let server: PostgresServer;

Deno.test.beforeAll(async () => {
  server = await PostgresServer.start();
});

Deno.test.afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

/** Something that happens right before or after the next statement. */
type Interruption = (() => Promise<void>) | undefined;

/** Is interrupted once, before its next transaction asks anything. */
class InterruptedWriter extends Database {
  interruption: Interruption;

  override transaction<Result>(body: (session: Session) => Promise<Result>): Promise<Result> {
    return super.transaction((session) =>
      body({
        query: async (text, values) => {
          const interruption = this.interruption;
          this.interruption = undefined;
          await interruption?.();
          return await session.query(text, values);
        },
      })
    );
  }
}

/** Is interrupted once, after its next read was answered. */
class InterruptedReader extends Database {
  interruption: Interruption;

  override async read(...args: Parameters<Database["read"]>): ReturnType<Database["read"]> {
    const rows = await super.read(...args);
    const interruption = this.interruption;
    this.interruption = undefined;
    await interruption?.();
    return rows;
  }
}

/** A server's connection to the record. */
class Opened implements AsyncDisposable {
  readonly writer: InterruptedWriter;
  readonly reader: InterruptedReader;
  readonly connection: RecordConnection;

  constructor(url: string) {
    this.writer = new InterruptedWriter(accessOf(url), { maxConnections: 1 });
    this.reader = new InterruptedReader(accessOf(url));
    const parts = { writer: this.writer, reader: this.reader, seen: SeenHead.forget() };
    const options = { redact: (text: string) => text, patienceMs: 0, monotonic: () => performance.now() };
    this.connection = new RecordConnection({ ...parts, ...options });
  }

  /** Adds a row; answers whether the record had all that was seen of it. */
  add(): Promise<boolean> {
    return this.connection.change((change) => {
      change.append([{ event: "decision", identity: "local" }], NOW);
      return Promise.resolve(change.isWhole);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection.close();
  }
}

async function createDatabase(): Promise<string> {
  const url = server.url(await server.createDatabase());
  const database = new Database(accessOf(url));
  await prepareTables(database, { mayChange: true });
  await database.close();
  return url;
}

Deno.test("RecordConnection.look() misses no rows when this server writes a change in between", async () => {
  await using opened = new Opened(await createDatabase());
  using said = LogRecords.start();
  await opened.add();
  opened.reader.interruption = async () => assert.equal(await opened.add(), true);
  await opened.connection.look();
  assert.deepEqual(said.messages, []);
});

Deno.test("RecordConnection.change() misses no rows when a concurrent read sees another server's", async () => {
  const url = await createDatabase();
  await using opened = new Opened(url);
  await using other = new Opened(url);
  await opened.add();
  opened.writer.interruption = async () => {
    await other.add();
    await opened.connection.look();
  };
  assert.equal(await opened.add(), true);
});
