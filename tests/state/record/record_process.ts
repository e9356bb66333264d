/** Another process that uses the record of an installation. */

import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { openRecord } from "../../../src/state/record/sqlite/open_record.ts";
import { TRADING_DATABASE } from "../../../src/state/record/sqlite/trading_database.ts";
import { Database } from "../../../src/state/record/postgres/database.ts";
import { openPostgresRecord } from "../../../src/state/record/postgres/open_record.ts";
import { accessOf } from "../open_postgres.ts";
import { databaseOf } from "./broken_postgres.ts";
import { orderRequest } from "../../trading/approval_requests.ts";
import { shownOrder } from "../../trading/shown_orders.ts";
import { entry, FREE, NOW } from "../../trading/stores.ts";

/** A process that says something line by line, and can be ended in two ways. */
export interface RecordProcess extends AsyncDisposable {
  /** The next line that it says. */
  next(): Promise<string>;
  /** Lets it go on where it waits. */
  goOn(): Promise<void>;
  /** Kills it, wherever it is; answers what else it had said. */
  kill(): Promise<readonly string[]>;
  /** Lets it end in order. */
  [Symbol.asyncDispose](): Promise<void>;
}

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

/** What it takes to reach a database of this machine, and the package for it. */
const DATABASE = ["--allow-net=127.0.0.1", "--allow-env=PG*,USER,USERNAME,NODE_PG_FORCE_NATIVE"];

/** Starts it; `lock` has said that it has the lock. */
export async function startRecordProcess(
  what: "lock" | "write" | "race" | "take" | "show",
  work: RecordWork,
): Promise<RecordProcess> {
  const permissions = ["--allow-read", "--allow-write", "--allow-sys=uid", ...DATABASE];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--no-prompt", ...permissions, PROGRAM, what, JSON.stringify(work)],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const lines = linesOf(child.stdout);
  const next = async () => (await lines.next()).value ?? "";
  if (what === "lock") await next();
  return {
    next,
    goOn: () => child.stdin.close(),
    async kill() {
      child.kill("SIGKILL");
      await child.stdin.abort().catch(() => {});
      const rest = await Array.fromAsync(lines);
      await child.status;
      return rest;
    },
    async [Symbol.asyncDispose]() {
      await child.stdin.close().catch(() => {}); // It may have been closed or killed.
      await Array.fromAsync(lines);
      await child.status;
    },
  };
}

const PROGRAM = import.meta.filename ?? "";

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const bytes of stream) {
    text += decoder.decode(bytes, { stream: true });
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    yield* lines;
  }
}

async function say(line: string): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(`${line}\n`));
}

/** Until whoever started this closes the line. */
async function untilToldToGoOn(): Promise<void> {
  while (await Deno.stdin.read(new Uint8Array(64)) !== null);
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
