/** What the record on PostgreSQL promises to several machines, beyond what every engine does. */

import assert from "node:assert/strict";
import { openPostgresRecord } from "../../../src/state/record/postgres/open_record.ts";
import type { OpenPostgresRecordOptions } from "../../../src/state/record/postgres/open_record.ts";
import { openPostgresPaperLedger } from "../../../src/state/record/postgres/open_paper_ledger.ts";
import { StateError } from "../../../src/state/state_error.ts";
import { StoreError } from "../../../src/trading/record/store_error.ts";
import type { TradingRecord } from "../../../src/trading/record/trading_record.ts";
import { orderRequest } from "../../trading/approval_requests.ts";
import { shownOrder } from "../../trading/shown_orders.ts";
import { entry, FREE, INSTANCE, NOW, outcomeOf } from "../../trading/stores.ts";
import { accessOf } from "../open_postgres.ts";
import { OPENINGS, PaperTrader } from "../paper_orders.ts";
import { PostgresServer } from "../postgres_server.ts";

let server: PostgresServer;

Deno.test.beforeAll(async () => {
  server = await PostgresServer.start();
});

Deno.test.afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

/** Machines, each with a folder of its own, on one database. */
class Machines implements AsyncDisposable {
  readonly database: string;
  readonly folders: string[] = [];
  readonly #records: TradingRecord[] = [];

  private constructor(database: string) {
    this.database = database;
  }

  static async start(): Promise<Machines> {
    return new Machines(await server.createDatabase());
  }

  /** Opens the record on one more machine. */
  async open(
    options: Partial<OpenPostgresRecordOptions> = {},
    { user }: { user?: string } = {},
  ): Promise<TradingRecord> {
    const folder = await Deno.makeTempDir();
    this.folders.push(folder);
    const access = { ...accessOf(server.url(this.database, user)), password: () => Promise.resolve("test") };
    const record = await openPostgresRecord(access, {
      ...{ folder, mode: "write", timeoutMs: 0, monotonic: () => performance.now() },
      ...options,
    });
    this.#records.push(record);
    return record;
  }

  /** Goes around the program. */
  async run(statement: string): Promise<void> {
    await server.query(`SET search_path = luno_mcp; ${statement}`, this.database);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#records.map((record) => record.close()));
    await Promise.all(this.folders.map((folder) => Deno.remove(folder, { recursive: true })));
  }
}

const OTHER = { ...INSTANCE, id: "ffeeddccbbaa9988" };

Deno.test("Instances.takeOver() leaves an order alone while the exchange may still accept it from a frozen process", async () => {
  await using machines = await Machines.start();
  const [still, heir] = [await machines.open(), await machines.open()];
  await still.instances.enter(INSTANCE);
  await heir.instances.enter(OTHER);
  const validUntil = Date.now() + 3_600_000;
  assert.equal(outcomeOf(await still.journal.begin(entry("a", { validUntil }), FREE, NOW)), "begun");
  await still.close();
  await machines.run(`UPDATE instances SET lease_until = '-infinity' WHERE id = '${INSTANCE.id}'`);
  assert.equal(await heir.instances.takeOver(OTHER.id, ["main"]), 0);
  assert.equal(await heir.instances.has(INSTANCE.id), false);
  assert.equal((await heir.journal.find("lm-a"))?.instance, INSTANCE.id);
  await machines.run("UPDATE placements SET valid_until = 0");
  assert.equal(await heir.instances.takeOver(OTHER.id, ["main"]), 1);
  assert.equal((await heir.journal.find("lm-a"))?.instance, OTHER.id);
});

Deno.test("an instance that was declared dead registers again by itself, with what it begins from then on", async () => {
  await using machines = await Machines.start();
  const record = await machines.open();
  await record.instances.enter(INSTANCE);
  await machines.run("DELETE FROM instances");
  assert.equal(outcomeOf(await record.journal.begin(entry("a"), FREE, NOW)), "ERR_TAKEN_OVER");
  while (!await record.instances.has(INSTANCE.id));
  assert.equal(outcomeOf(await record.journal.begin(entry("b"), FREE, NOW)), "begun");
});

Deno.test("Journal.begin() begins nothing for an instance whose lease has expired, even before another one took over", async () => {
  await using machines = await Machines.start();
  const record = await machines.open();
  await record.instances.enter(INSTANCE);
  // From now on it cannot be renewed.
  await machines.run("UPDATE instances SET lease_until = '-infinity'");
  await machines.run("ALTER TABLE instances ADD CONSTRAINT held CHECK (lease_until < clock_timestamp()) NOT VALID");
  await machines.run("UPDATE instances SET lease_until = '-infinity'");
  assert.equal(outcomeOf(await record.journal.begin(entry("a"), FREE, NOW)), "ERR_TAKEN_OVER");
  assert.ok(await record.instances.has(INSTANCE.id));
  await machines.run("ALTER TABLE instances DROP CONSTRAINT held");
  const again = async (number: number) => outcomeOf(await record.journal.begin(entry(`b${number}`), FREE, NOW));
  for (let number = 0; await again(number) !== "begun"; number++);
});

Deno.test("openPostgresRecord() reports what is wrong with the state folder", async () => {
  await using machines = await Machines.start();
  const folder = await Deno.makeTempDir();
  machines.folders.push(folder);
  await Deno.chmod(folder, 0o777);
  await assert.rejects(
    machines.open({ folder }),
    (error) => error instanceof StateError && /Cannot use the state folder: expected/.test(error.message),
  );
});

Deno.test("a key whose call ended while the database was away is afterwards free for other machines", async () => {
  await using machines = await Machines.start();
  const [one, other] = [await machines.open(), await machines.open()];
  await one.instances.enter(INSTANCE);
  await other.instances.enter(OTHER);
  const call = { account: "main", venue: "", identity: "local", idempotencyKey: "k", asked: null };
  const claim = { ...call, instance: INSTANCE.id, attempt: "first" };
  assert.equal(await one.calls.claim(claim, { isHere: false }), "claimed");
  await server.kill();
  await assert.rejects(one.calls.release("first"), StoreError);
  await server.restart();
  const again = () => other.calls.claim({ ...call, instance: OTHER.id, attempt: "second" }, { isHere: false });
  while (await again().catch(() => "lost") !== "claimed");
});

Deno.test("Journal.begin() begins nothing on a machine whose clock differs from the database's by more than 2 s", async () => {
  await using machines = await Machines.start();
  for (const [offMs, name] of [[60_000, "ahead"], [-60_000, "behind"]] as const) {
    const record = await machines.open({ now: () => Date.now() + offMs });
    await record.instances.enter({ ...INSTANCE, id: name });
    const begun = record.journal.begin(entry(name, { instance: name }), FREE, NOW);
    await assert.rejects(begun, (error) => error instanceof StoreError && error.failure === "clock_wrong");
  }
  const right = await machines.open({ now: () => Date.now() });
  await right.instances.enter(INSTANCE);
  assert.equal(outcomeOf(await right.journal.begin(entry("right"), FREE, NOW)), "begun");
});

Deno.test("a file called halt stops the machine that has it, and is reported once", async () => {
  await using machines = await Machines.start();
  const [one, other] = [await machines.open(), await machines.open()];
  await one.instances.enter(INSTANCE);
  await Deno.writeTextFile(`${machines.folders[0]}/halt`, "");
  assert.equal((await one.halts.noteFile(NOW))?.file, "appeared");
  assert.equal(await one.halts.noteFile(NOW), undefined);
  assert.equal(await other.halts.noteFile(NOW), undefined);
  assert.deepEqual([(await one.halts.state()).halted, (await other.halts.state()).halted], [true, false]);
  assert.equal(outcomeOf(await one.journal.begin(entry("a"), FREE, NOW)), "ERR_TRADING_HALTED");
  assert.equal(outcomeOf(await other.journal.begin(entry("b"), FREE, NOW)), "begun");
  assert.ok((await other.audit.verify()).ok);
});

Deno.test("deploy/postgres/roles.sql grants a server's user what it needs, and an audit log that it can only append to", async () => {
  await using machines = await Machines.start();
  await server.query(
    `CREATE ROLE luno_owner LOGIN PASSWORD 'test'; CREATE ROLE luno_server LOGIN PASSWORD 'test';
     CREATE ROLE luno_auditor LOGIN PASSWORD 'test'; CREATE ROLE luno_publisher LOGIN PASSWORD 'test'; GRANT CREATE ON DATABASE ${machines.database} TO luno_owner`,
  );
  await machines.open({}, { user: "luno_owner" });
  await server.runFile(new URL("../../../deploy/postgres/roles.sql", import.meta.url).pathname, machines.database, {
    owner: "luno_owner",
    server: "luno_server",
    auditor: "luno_auditor",
    publisher: "luno_publisher",
  });
  const publisher = await machines.open({}, { user: "luno_publisher" });
  const policy = { kind: "policy", text: "{}", by: "terminal", now: NOW } as const;
  const made = await publisher.published.publish(policy);
  assert.ok(made.kind === "published");
  assert.equal(made.file.by, "terminal (luno_publisher)");
  const record = await machines.open({}, { user: "luno_server" });
  await record.instances.enter(INSTANCE);
  assert.equal((await record.published.find("policy"))?.text, "{}");
  const shown = shownOrder({ previewId: entry("a").previewId });
  assert.equal(await record.previews.add({ row: { identity: shown.identity }, shown }, NOW), 0);
  assert.equal(
    outcomeOf(await record.journal.begin(entry("a", { takesPreview: true }), { ...FREE, version: 1 }, NOW)),
    "begun",
  );
  const { ways: _, ...request } = orderRequest();
  const asked = await record.dialogs.ask({ ...request, call: "c" }, NOW);
  assert.ok(asked.ok);
  const answer = { identity: request.identity, call: "c", accepted: true, now: NOW };
  assert.equal((await record.dialogs.answer(asked.token, answer))?.isApproved, true);
  await record.journal.settle("lm-a", { state: "placed", orderId: "BXa" }, NOW);
  await record.halts.pull({ by: "test", reason: "enough", cancelOpen: ["main"], now: NOW });
  await record.halts.lift({ by: "test", now: NOW });
  const access = accessOf(server.url(machines.database, "luno_server"));
  const paper = await openPostgresPaperLedger({ ...access, password: () => Promise.resolve("test") }, {
    ...{ openings: OPENINGS, timeoutMs: 0, monotonic: () => 0 },
  });
  const trader = await PaperTrader.open(paper);
  await trader.place();
  assert.equal(await paper.reset({ nowMs: 1 }), true);
  await paper.close();
  const auditor = await machines.open({ mode: "read" }, { user: "luno_auditor" });
  assert.ok((await auditor.audit.verify()).ok);
  for (const statement of ["DELETE FROM audit", "UPDATE audit SET data = ''", "TRUNCATE audit"]) {
    await assert.rejects(machines.run(`SET ROLE luno_server; ${statement}`), /permission denied/);
  }
  await assert.rejects(record.published.publish({ ...policy, text: "[]" }), StoreError);
  await assert.rejects(
    machines.run("SET ROLE luno_publisher; UPDATE kill_switch SET is_halted = 0"),
    /permission denied/,
  );
});
