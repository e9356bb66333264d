/** Another process that uses the record of an installation. */

import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { openRecord } from "../../../src/state/record/sqlite/open_record.ts";
import { TRADING_DATABASE } from "../../../src/state/record/sqlite/trading_database.ts";
import { Database } from "../../../src/state/record/postgres/database.ts";
import { openPostgresRecord } from "../../../src/state/record/postgres/open_record.ts";
import { accessOf } from "../open_postgres.ts";
import { databaseOf } from "./broken_postgres.ts";
import { say, startStateProcess, untilToldToGoOn } from "../state_process.ts";
import type { StateProcess } from "../state_process.ts";
import { orderRequest } from "../../trading/approval_requests.ts";
import { shownOrder } from "../../trading/shown_orders.ts";
import { entry, FREE, NOW } from "../../trading/stores.ts";

/** What a process is to do, and on which record. */
export interface RecordWork {
  readonly folder: string;
  readonly engine: string;
  /** The database, where it is one. */
  readonly url?: string;
  readonly name?: string;
  readonly count?: number;
  readonly previews?: readonly (readonly [identity: string, previewId: string])[];
}

/** Starts it; `lock` has said that it has the lock. */
export async function startRecordProcess(
  what: "lock" | "write" | "race" | "take" | "show",
  work: RecordWork,
): Promise<StateProcess> {
  const started = startStateProcess(new URL(import.meta.url), [what, JSON.stringify(work)]);
  if (what === "lock") await started.next();
  return started;
}

/** Keeps everybody else from writing. */
async function lock({ folder, url }: RecordWork): Promise<void> {
  if (url !== undefined) {
    const database = new Database(accessOf(url));
    await database.transaction(async ({ query }) => {
      await query("SET LOCAL idle_in_transaction_session_timeout = 0");
      await query("SELECT 1 FROM audit_head FOR UPDATE");
      await say("locked");
      await untilToldToGoOn();
    });
    return await database.close();
  }
  const database = new DatabaseSync(join(folder, TRADING_DATABASE), { timeout: 5_000 });
  database.exec("BEGIN IMMEDIATE");
  await say("locked");
  await untilToldToGoOn();
  database.close();
}

async function open({ folder, engine, url }: RecordWork) {
  if (url !== undefined) {
    const waiting = { timeoutMs: 10_000, patienceMs: 10_000, monotonic: () => performance.now() };
    return await openPostgresRecord(accessOf(url), { folder, mode: "write", ...waiting }, databaseOf(engine));
  }
  const worker = engine === "record" ? {} : { worker: new URL("./record_worker.ts", import.meta.url), engine };
  const waiting = { timeoutMs: 10_000, patienceMs: 10_000, monotonic: () => performance.now() };
  return await openRecord({ folder, mode: "write", ...waiting }, worker);
}

/** Begins placements until it is killed. */
async function write(work: RecordWork): Promise<void> {
  const { journal } = await open(work);
  for (;;) {
    const name = crypto.randomUUID();
    const begun = await journal.begin(entry(name), FREE, NOW);
    await say(begun.kind === "begun" ? begun.placement.clientOrderId : begun.kind);
  }
}

/** Begins as many placements as a limit per day and others let it. */
async function race({ name = "", count = 0, ...work }: RecordWork): Promise<void> {
  const record = await open(work);
  await say("ready");
  await untilToldToGoOn();
  const policy = { ...FREE, maxPerDay: { amount: "20000", currency: "ZAR" } };
  let begun = 0;
  for (let number = 0; number < count; number++) {
    if ((await record.journal.begin(entry(`${name}${number}`), policy, NOW)).kind === "begun") begun++;
  }
  await say(String(begun));
  await record.close();
}

/** Uses previews up: by orders that begin, and by questions in between. */
async function take({ previews = [], ...work }: RecordWork): Promise<void> {
  const { journal, approvals, close } = await open(work);
  await say("ready");
  await untilToldToGoOn();
  let used = 0;
  for (const [number, [identity, previewId]] of previews.entries()) {
    const named = { identity, previewId, takesPreview: true };
    if (number % 2 === 0) {
      const begun = await journal.begin(entry(crypto.randomUUID(), named), FREE, NOW);
      if (begun.kind === "begun") used++;
    } else if ((await approvals.request({ ...orderRequest(), ...named }, NOW)).ok) used++;
  }
  await say(String(used));
  await close();
}

/** Shows orders until it is killed. */
async function show(work: RecordWork): Promise<void> {
  const { previews } = await open(work);
  for (;;) {
    const shown = shownOrder({ identity: `key:${crypto.randomUUID()}` });
    const { identity, previewId } = shown;
    await previews.add({ row: { identity, data: { preview_id: previewId } }, shown }, NOW);
    await say(previewId);
  }
}

if (import.meta.main) {
  const [what, work = ""] = Deno.args;
  const job = { lock, write, race, take, show }[what ?? ""];
  await job?.(JSON.parse(work));
}
