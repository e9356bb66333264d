/**
 * The program on an engine that is broken on purpose. It changes what is sent to PostgreSQL and returned, below the
 * engine, so that the product contains nothing of it. The first argument names the flaw.
 */

// @ts-types="@types/pg"
import pg from "pg";

type Query = (text: string, values?: unknown[]) => Promise<pg.QueryResult>;

/** The age of the facts that are read outside of the transaction, in milliseconds. */
const STALE_MS = 2_000;

/** Which facts about a new order belong to limits, and which to halts. */
const OUTSIDE: Readonly<Record<string, readonly string[]>> = {
  "limits read outside": ["sums", "open"],
  "halt read outside": ["halt"],
};

const REPLACED: Readonly<Record<string, (text: string) => string>> = {
  // A server that is notified of a halt at once would hardly ever begin an order after it.
  "halt read outside": (text) => text.replace(/^LISTEN .*/, "SELECT 1"),
  "no lease check": (text) =>
    text.replace(
      /EXISTS \(SELECT 1 FROM instances WHERE id = \$5.*\)::int AS is_listed/,
      "($5::text IS NOT NULL)::int AS is_listed",
    ),
  "hasty takeover": (text) =>
    text
      .replaceAll("lease_until + interval '2000 milliseconds' <=", "lease_until - interval '9000 milliseconds' <=")
      .replaceAll(/\s+AND coalesce\(valid_until, 0\) \+ 2000 <= floor\([^:]*::bigint/g, "")
      .replace(
        "UPDATE placements SET instance = $1 WHERE",
        "UPDATE placements SET instance = $1, valid_until = 0 WHERE",
      ),
};

const isFlaw = (arg: string) => arg.startsWith("--flaw=");
const flaw = Deno.args.find(isFlaw)?.slice("--flaw=".length) ?? "";
const replace = REPLACED[flaw] ?? ((text: string) => text);
const outside = OUTSIDE[flaw] ?? [];

const ask = pg.Client.prototype.query as Query;

/** An earlier state of the database. */
let snapshot: Promise<pg.Client> | undefined;

async function openSnapshot(of: pg.Client): Promise<pg.Client> {
  const { host, port, database } = of;
  const client = new pg.Client({ host, port, database, user: of.user, options: "-c search_path=luno_mcp,pg_temp" });
  client.on("error", () => {});
  await client.connect();
  await ask.call(client, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  await ask.call(client, "SELECT 1 FROM instances");
  setTimeout(() => {
    snapshot = undefined;
    client.end().catch(() => {});
  }, STALE_MS);
  return client;
}

async function askOutside(of: pg.Client, text: string, values: unknown[]): Promise<pg.QueryResult> {
  snapshot ??= openSnapshot(of);
  const client = await snapshot;
  return await ask.call(client, text, values);
}

Object.assign(pg.Client.prototype, {
  query(this: pg.Client, ...args: unknown[]): unknown {
    const asked = readQuery(args);
    if (asked === undefined) return Reflect.apply(ask, this, args);
    const query = { ...asked.query, text: replace(asked.query.text) };
    if (outside.length > 0 && query.text.includes("AS is_listed")) return mixed(this, query.text, query.values ?? []);
    return Reflect.apply(ask, this, [query, ...asked.rest]);
  },
});

interface PlainQuery {
  readonly text: string;
  readonly values?: unknown[];
}

/** The query of a client, from a text and values or from an object of both; `undefined` for other kinds. */
function readQuery([query, ...rest]: unknown[]): { readonly query: PlainQuery; readonly rest: unknown[] } | undefined {
  if (typeof query === "string") {
    const [values] = rest;
    return Array.isArray(values)
      ? { query: { text: query, values }, rest: rest.slice(1) }
      : { query: { text: query }, rest };
  }
  const isPlain = typeof query === "object" && query !== null && "text" in query && !("submit" in query);
  return isPlain ? { query: query as PlainQuery, rest } : undefined;
}

/** The facts of the transaction, except those that are read outside of it. */
async function mixed(client: pg.Client, text: string, values: unknown[]): Promise<pg.QueryResult> {
  const facts = await ask.call(client, text, values);
  const before = await askOutside(client, text, values).catch(() => facts);
  const [row] = facts.rows;
  const [old] = before.rows;
  for (const column of outside) row[column] = typeof row[column] === "number" ? Number(old[column]) : old[column];
  return facts;
}

const args = Deno.args.filter((arg) => !isFlaw(arg));
Object.defineProperty(Deno, "args", { value: args, configurable: true });
await import("../../../main.ts");
