/**
 * A PostgreSQL database: a few connections, transactions, and one kind of error for all failures.
 *
 * Everything has a time limit, so that a frozen or disconnected server costs an error and never an endless wait. A
 * failed connection is never reused; the next operation opens another, so that no restart is needed.
 */

// @ts-types="@types/pg"
import pg from "pg";
import type { DatabaseAccess } from "../../database_address.ts";
import { databaseName } from "../../database_address.ts";
import type { Row } from "../../row.ts";
import { StateError } from "../../state_error.ts";
import { postgresError } from "./postgres_error.ts";

/** How a database is used. */
export interface DatabaseOptions {
  /**
   * The most connections. With one, operations take effect in call order.
   *
   * @default 4
   */
  readonly maxConnections?: number;
  /**
   * Time limit of a statement, in milliseconds.
   *
   * @default {2_000}
   */
  readonly statementMs?: number;
}

/** Options of a transaction. */
export interface TransactionOptions {
  /**
   * Time limit of each statement, in milliseconds.
   *
   * @default that of the database
   */
  readonly statementMs?: number;
  /**
   * How long it may be idle between two statements, in milliseconds.
   *
   * @default {2_000}
   */
  readonly idleMs?: number;
}

/** Runs statements within one transaction. */
export interface Session {
  /** Returns the rows. */
  query(text: string, values?: readonly Value[]): Promise<Row[]>;
}

/** The types of parameters. */
export type Value = string | number | bigint | boolean | Uint8Array | null | readonly (string | number | null)[];

/** The schema of all tables; no other one is searched. */
export const SCHEMA = "luno_mcp";

const CONNECT_MS = 2_000;
const STATEMENT_MS = 2_000;
/** Our own limit expires this much later than the server's, which reports the statement's outcome if it can. */
const ANSWER_MS = 500;
const LOCK_MS = 1_500;
/** A process that is suspended within a transaction holds its locks no longer than this. */
const IDLE_IN_TRANSACTION_MS = 2_000;
const MAX_CONNECTIONS = 4;
const MAX_WAITING = 1_000;

/** Connections to one database. */
export class Database {
  /** Its address, without the password. */
  readonly name: string;
  readonly #pool: pg.Pool;
  /** Operations in progress. */
  readonly #running = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  /** Does not connect yet. */
  constructor(
    access: DatabaseAccess,
    { maxConnections = MAX_CONNECTIONS, statementMs = STATEMENT_MS }: DatabaseOptions = {},
  ) {
    this.name = databaseName(access.address);
    this.#pool = new pg.Pool({
      ...clientConfig(access),
      statement_timeout: statementMs,
      query_timeout: statementMs + ANSWER_MS,
      max: maxConnections,
    });
    // Without listeners, a broken idle connection would end the program.
    this.#pool.on("error", () => {});
    this.#pool.on("connect", (client) => client.on("error", () => {}));
  }

  /**
   * Reads by one statement, from one state of the database.
   *
   * @throws {StateError}
   */
  async read(text: string, values: readonly Value[] = []): Promise<Row[]> {
    return await this.#use(async (use) => (await use.ask(text, values)).rows);
  }

  /**
   * Writes by one statement, which is a transaction of its own.
   *
   * @throws {StateError} with `outcome_unknown` when the connection broke before the answer
   */
  async write(text: string, values: readonly Value[] = []): Promise<Row[]> {
    return await this.#use(async (use) => (await use.ask(text, values, { mayHaveDone: true })).rows);
  }

  /**
   * Runs `body` as one transaction, which is rolled back when it throws. Each statement sees what others had committed
   * before it began (READ COMMITTED): a rule that spans several statements must take a lock first.
   *
   * @throws {StateError} with `outcome_unknown` when the connection broke during the commit
   */
  async transaction<Result>(
    body: (session: Session) => Promise<Result>,
    options: TransactionOptions = {},
  ): Promise<Result> {
    return await this.#inTransaction("BEGIN ISOLATION LEVEL READ COMMITTED", body, options);
  }

  /**
   * Runs several reads on one state of the database.
   *
   * @throws {StateError}
   */
  async snapshot<Result>(
    body: (session: Session) => Promise<Result>,
    options: TransactionOptions = {},
  ): Promise<Result> {
    return await this.#inTransaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", body, options);
  }

  async #inTransaction<Result>(
    begin: string,
    body: (session: Session) => Promise<Result>,
    { statementMs, idleMs }: TransactionOptions,
  ): Promise<Result> {
    return await this.#use(async (use) => {
      await use.ask(begin);
      if (idleMs !== undefined) await use.ask(`SET LOCAL idle_in_transaction_session_timeout = ${idleMs}`);
      if (statementMs !== undefined) await use.ask(`SET LOCAL statement_timeout = ${statementMs}`);
      const answerMs = statementMs && statementMs + ANSWER_MS;
      const result = await body({ query: async (text, values) => (await use.ask(text, values, { answerMs })).rows });
      const { command } = await use.ask("COMMIT", [], { mayHaveDone: true });
      if (command === "COMMIT") return result;
      throw new StateError(`Cannot commit to ${this.name} as a statement before has failed`, { path: this.name });
    });
  }

  /** Waits for running operations, and closes the connections. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    // The pool drops operations that still wait for a connection.
    await Promise.allSettled(this.#running);
    await this.#pool.end();
  }

  #use<Result>(body: (use: ConnectionUse) => Promise<Result>): Promise<Result> {
    const path = this.name;
    if (this.#closing !== undefined) {
      return Promise.reject(new StateError(`Cannot use ${path} as it has been closed`, { path, failure: "closed" }));
    }
    const running = this.#run(body);
    this.#running.add(running);
    const forget = () => this.#running.delete(running);
    running.then(forget, forget);
    return running;
  }

  async #run<Result>(body: (use: ConnectionUse) => Promise<Result>): Promise<Result> {
    const use = new ConnectionUse(await this.#connect(), this.name);
    try {
      const result = await body(use);
      use.end();
      return result;
    } catch (error) {
      await use.abandon();
      throw error;
    }
  }

  async #connect(): Promise<pg.PoolClient> {
    const path = this.name;
    if (this.#pool.waitingCount >= MAX_WAITING) {
      const message = `Cannot ask ${path} now as ${MAX_WAITING} operations wait for it already: try again later`;
      throw new StateError(message, { path, failure: "overloaded" });
    }
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw postgresError(error, { path, mayHaveDone: false });
    }
  }
}

/** The parameters of each connection, including the one that listens for notices. */
export function clientConfig({ address, ca, password }: DatabaseAccess): pg.ClientConfig {
  const { host, port, database, user, sslMode } = address;
  return {
    host,
    port,
    database,
    user,
    password: password ?? (() => address.password?.reveal() ?? ""),
    ssl: sslMode === "verify-full" ? { ...(ca === undefined ? {} : { ca }), rejectUnauthorized: true } : false,
    application_name: "luno-mcp-server",
    options: `-c search_path=${SCHEMA},pg_temp`,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: STATEMENT_MS + ANSWER_MS,
    statement_timeout: STATEMENT_MS,
    lock_timeout: LOCK_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    keepAlive: true,
    types: { getTypeParser },
  };
}

/** One operation's use of a connection; after some failures the connection is discarded. */
class ConnectionUse {
  readonly #client: pg.PoolClient;
  readonly #path: string;
  #isUsable = true;

  constructor(client: pg.PoolClient, path: string) {
    this.#client = client;
    this.#path = path;
  }

  /**
   * `mayHaveDone`: whether the statement commits by itself, so that its outcome is unknown without an answer;
   * `answerMs`: how long to wait for the answer, if not as usual.
   */
  async ask(
    text: string,
    values: readonly Value[] = [],
    { mayHaveDone = false, answerMs }: { readonly mayHaveDone?: boolean; readonly answerMs?: number | undefined } = {},
  ): Promise<pg.QueryResult<Row>> {
    const query = { text, values: [...values], ...(answerMs === undefined ? {} : { query_timeout: answerMs }) };
    try {
      return await this.#client.query<Row>(query);
    } catch (error) {
      this.#isUsable &&= error instanceof pg.DatabaseError && error.severity === "ERROR";
      throw postgresError(error, { path: this.#path, mayHaveDone });
    }
  }

  /** Returns it to the pool. */
  end(): void {
    this.#client.release();
  }

  /** Rolls back if it is still usable; otherwise closes it, so that the server rolls back. */
  async abandon(): Promise<void> {
    const isClean = this.#isUsable && await this.#client.query("ROLLBACK").then(() => true, () => false);
    this.#client.release(!isClean);
  }
}

const INT8 = 20;

/** Integers as numbers; no column exceeds 2^53. */
function getTypeParser(oid: number, format?: "text" | "binary") {
  if (oid === INT8) return readInt8;
  return format === "binary" ? pg.types.getTypeParser(oid, "binary") : pg.types.getTypeParser(oid, "text");
}

function readInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`Cannot read a number as it is beyond 2^53: ${text}`);
  return value;
}
