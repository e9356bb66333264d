/** Records to move: their contents, and processes that move them. */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { keys } from "../../src/cli/keys.ts";
import { KEYS, PAPER_TABLES, RECORD_TABLES } from "../../src/state/record/move/tables.ts";
import { KEYS_FILE } from "../../src/state/record/sqlite/open_keys.ts";
import { openPaperLedger, PAPER_FILE } from "../../src/state/record/sqlite/open_paper_ledger.ts";
import { TRADING_DATABASE } from "../../src/state/record/sqlite/trading_database.ts";
import { OPENINGS, PaperTrader } from "../state/paper_orders.ts";
import type { PostgresServer } from "../state/postgres_server.ts";
import { NOW, openStore, place, tamper } from "../trading/stores.ts";
import { runnerOf } from "./trading_commands.ts";

const runKeys = runnerOf(keys);

/** Orders of {@linkcode installRecord}. */
export const ORDERS = 200;

/** A folder and a database. */
export interface Installation extends AsyncDisposable {
  readonly folder: string;
  readonly url: string;
  readonly database: string;
}

/** Two identities on paper, with orders that are open, filled and cancelled. */
export async function tradeOnPaper(folder: string): Promise<void> {
  const options = {
    path: join(folder, PAPER_FILE),
    openings: OPENINGS,
    timeoutMs: 0,
    monotonic: () => performance.now(),
  };
  const ledger = await openPaperLedger(options);
  for (const identity of ["key:Zoë", "key:ann"]) {
    const trader = await PaperTrader.open(ledger, identity);
    await trader.place({ limitPrice: 1, clientOrderId: "one" });
    const book = { bids: [], asks: [{ price: 90, volume: 40 }] };
    await trader.place({ limitPrice: 100 }, book);
    const { id } = await trader.place({ limitPrice: 2 });
    await ledger.cancel({ identity, id, nowMs: 9 });
  }
  await ledger.close();
}

/** A folder whose record has rows in every table, two API keys, and a database without tables. */
export async function installRecord(server: PostgresServer): Promise<Installation> {
  const folder = await Deno.makeTempDir();
  await runKeys({ state: folder }, { operands: ["create", "ann"] });
  await runKeys({ state: folder, scopes: "orders:write" }, { operands: ["create", "bob"] });
  await runKeys({ state: folder }, { operands: ["revoke", "ann"] });
  const store = openStore(folder);
  store.accounts.bind("main", "api.luno.com");
  store.accounts.bind("second", "api.luno.com with key 00112233aabb");
  for (let index = 0; index < ORDERS - 1; index++) place(store, `${index}`, { idempotencyKey: `k${index}` });
  place(store, "second", { account: "second", idempotencyKey: "k0" });
  for (const text of ["{}", '{"default":{"mode":"confirm"}}']) {
    store.published.publish({ kind: "policy", text, by: "terminal", now: NOW });
  }
  store.halts.pull({ by: "terminal", reason: "Größe 🛑", cancelOpen: ["main"], now: NOW });
  store.close();
  tamper(
    folder,
    "DELETE FROM instances",
    "INSERT INTO calls VALUES ('main', '', 'key:a', 'k', NULL, 'gone', 'one'), ('second', '', 'key:Z', 'k', 'asked', 'gone', 'two')",
    `INSERT INTO replacements (account, venue, order_id, identity, claimed_at)
       VALUES ('main', '', 'BXé', 'key:a', 5), ('second', '', 'BXZ', 'key:b', 6)`,
    `INSERT INTO approvals (id, identity, account, action, asked, preview_id, digest, facts_json, summary_json, ways,
       token_hash, created_at, expires_at)
     VALUES ('z', 'key:a', 'main', 'place', 'x', 'p1', 'd', '{}', '{}', 'page', 'h1', 1, 2),
       ('a', 'key:a', 'main', 'place', 'x', 'p2', 'd', '{}', '{}', 'page', 'h2', 1, 2)`,
  );
  const database = await server.createDatabase();
  return {
    ...{ folder, database, url: server.url(database) },
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/** All contents of a folder, by table. */
export function dump(folder: string): Record<string, unknown> {
  const [trading, store] = [TRADING_DATABASE, KEYS_FILE].map((file) => new DatabaseSync(join(folder, file)));
  assert.ok(trading !== undefined && store !== undefined);
  const all = (database: DatabaseSync, text: string) => database.prepare(text).all().map((row) => ({ ...row }));
  const read = Object.fromEntries(RECORD_TABLES.map(({ name, columns, order }) => [
    name,
    all(trading, `SELECT ${columns.join(", ")} FROM ${name} ORDER BY ${order.sqlite}`),
  ]));
  const paper = openPaper(folder);
  const onPaper = PAPER_TABLES.map(({ name, own = name, columns, order }) => [
    name,
    paper === undefined ? [] : all(paper, `SELECT ${columns.join(", ")} FROM ${own} ORDER BY ${order.sqlite}`),
  ]);
  paper?.close();
  const once = ["audit_head", "audit_start", "kill_switch"].map((
    name,
  ) => [name, all(trading, `SELECT * FROM ${name}`)]);
  const kept = {
    ...read,
    ...Object.fromEntries(once),
    ...Object.fromEntries(onPaper),
    keys: all(store, `SELECT ${KEYS.columns.join(", ")} FROM keys ORDER BY number`),
    store: all(store, "SELECT * FROM store"),
  };
  trading.close();
  store.close();
  return kept;
}

function openPaper(folder: string): DatabaseSync | undefined {
  try {
    return new DatabaseSync(join(folder, PAPER_FILE), { readOnly: true });
  } catch {
    return undefined; // There is no such file.
  }
}

/** Removes the databases of a folder, as an owner does before moving back into it. */
export async function clear(folder: string): Promise<void> {
  for await (const { name } of Deno.readDir(folder)) {
    if (/^(trading|keys|paper)\.db/.test(name)) await Deno.remove(join(folder, name));
  }
}

/** Resolves when the process, and what it had open, is gone. */
export async function killInTheMiddle(args: readonly string[]): Promise<void> {
  const program = new URL("../state/record/move_process.ts", import.meta.url).href;
  const permissions = ["--allow-read", "--allow-write", "--allow-sys=uid", "--allow-net=127.0.0.1"];
  const env = "--allow-env=PG*,USER,USERNAME,NODE_PG_FORCE_NATIVE";
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--no-prompt", ...permissions, env, program, ...args],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  assert.match((await reader.read()).value ?? "", /in the middle/);
  child.kill("SIGKILL");
  await child.status;
  await child.stdin.abort().catch(() => {});
  await reader.cancel();
}
