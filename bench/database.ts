/**
 * The cost of a shared database: orders on PostgreSQL beside orders on SQLite, in turn, the rows and bytes per order,
 * and prices from a server with a database beside one without. Needs PostgreSQL from Debian's package.
 */

import { ExchangeClient } from "../src/exchange/client.ts";
import { CallBudget } from "../src/exchange/budget.ts";
import { startSimulation } from "../src/simulation/server.ts";
import { openPostgresRecord } from "../src/state/record/postgres/open_record.ts";
import { openRecord } from "../src/state/record/sqlite/open_record.ts";
import { accessOf } from "../tests/state/open_postgres.ts";
import { PostgresServer } from "../tests/state/postgres_server.ts";
import { Placing } from "./placing.ts";
import { percentile, report } from "./report.ts";
import { startOurs } from "./socket_servers.ts";

const ORDERS = 500;
const WARM_UP = 50;
const PRICES = 2_000;

/** Measures; reports one line for each figure. */
export async function benchDatabase(): Promise<void> {
  await using postgres = await PostgresServer.start();
  await benchOrders(postgres);
  await benchPrices(postgres);
}

async function benchOrders(postgres: PostgresServer): Promise<void> {
  const database = await postgres.createDatabase();
  const folder = await Deno.makeTempDir();
  const simulation = await startSimulation({ rateLimitPerMinute: 0, connectionResets: false });
  const budget = new CallBudget({ limitPerMinute: 1_000_000 });
  const client = new ExchangeClient({ url: simulation.url, credentials: simulation.keys.trading, budget });
  const opening = { folder, mode: "write", timeoutMs: 0, monotonic: () => performance.now() } as const;
  const placings = [
    await Placing.start("SQLite", { client, folder, record: await openRecord(opening) }),
    await Placing.start("PostgreSQL", {
      client,
      folder,
      record: await openPostgresRecord(accessOf(postgres.url(database)), opening),
    }),
  ];
  const size = "SELECT sum(pg_total_relation_size(oid))::bigint AS bytes FROM pg_class WHERE relkind = 'r' AND " +
    "relnamespace = 'luno_mcp'::regnamespace";
  const before = Number((await postgres.query(size, database)).rows[0].bytes);
  const overheads = placings.map((): number[] => []);
  for (let number = 0; number < ORDERS + WARM_UP; number++) {
    for (const [place, placing] of placings.entries()) {
      const { overheadMs } = await placing.place(`order-${number}`);
      if (number >= WARM_UP) overheads[place]?.push(overheadMs);
    }
  }
  const after = Number((await postgres.query(size, database)).rows[0].bytes);
  const [rows] = (await postgres.query("SELECT count(*)::int AS audit FROM luno_mcp.audit", database)).rows;
  for (const [place, { name }] of placings.entries()) {
    const values = overheads[place] ?? [];
    report({
      figure: "placing an order, ms beside the exchange's",
      record: name,
      orders: ORDERS,
      p50: percentile(values, 0.5),
      p99: percentile(values, 0.99),
    });
  }
  const orders = ORDERS + WARM_UP;
  report({ figure: "an order in PostgreSQL", audit_rows: rows.audit / orders, bytes: (after - before) / orders });
  for (const placing of placings) await placing.stop();
  client.close();
  await simulation.stop();
  await Deno.remove(folder, { recursive: true });
}

/** In turn, so that other load on the machine affects both. */
async function benchPrices(postgres: PostgresServer): Promise<void> {
  const url = postgres.url(await postgres.createDatabase());
  const folders = [await Deno.makeTempDir(), await Deno.makeTempDir()] as const;
  const argsOf = (folder: string) => ["--trading", "auto", "--state", folder];
  await using without = await startOurs("native", argsOf(folders[0]));
  await using withUrl = await startOurs("native", argsOf(folders[1]), { env: { LUNO_MCP_STATE_URL: url } });
  const times = { without: [] as number[], with: [] as number[] };
  for (let number = 0; number < PRICES; number++) {
    times.without.push(await readPrice(without.address));
    times.with.push(await readPrice(withUrl.address));
  }
  for (const [database, values] of Object.entries(times)) {
    const measured = values.slice(PRICES / 10);
    report({
      figure: "a price, ms",
      database,
      p50: percentile(measured, 0.5),
      p99: percentile(measured, 0.99),
    });
  }
  for (const folder of folders) await Deno.remove(folder, { recursive: true });
}

async function readPrice(address: string): Promise<number> {
  const startedAt = performance.now();
  const response = await fetch(`${address.replace("ws", "http")}/v1/tools/get_crypto_price`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"pair":"XBTZAR"}',
  });
  const text = await response.text();
  if (!response.ok) throw new TypeError(`Cannot measure as no price was answered: ${text}`);
  return performance.now() - startedAt;
}
