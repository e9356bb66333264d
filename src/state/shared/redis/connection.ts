/**
 * One connection to Redis or Valkey, which fails fast: a command is answered within its deadline or rejects, nothing waits
 * for a connection, and where one command was not answered in time no other is sent until Redis says something again.
 *
 * The library reconnects by itself, with our pauses; its own queue and time-outs do not serve here.
 */

import { createClient, ErrorReply } from "redis";
import { getLogger } from "../../../logging/logger.ts";
import { pauseAfter } from "../../../timing/backoff.ts";
import type { RedisAccess } from "../../redis_address.ts";
import { redisName } from "../../redis_address.ts";

const log = getLogger(["luno-mcp-server", "serve"]);

/** For a command to be answered in, in milliseconds, unless told. */
export const DEADLINE_MS = 250;

/** Commands that wait for their answers; more are refused. */
const MAX_IN_FLIGHT = 1_000;

/** How long nothing is sent after Redis refused to do its work, as where it is read-only or out of memory. */
const REFUSED_PAUSE_MS = 1_000;

const CONNECT_MS = 2_000;
const PING_MS = 2_000;

/** A connection on which nothing came for so long is dead; longer than between pings. */
const SILENT_MS = 5_000;

/** What Redis begins an answer with where credentials or rights are wrong. */
const ACCESS_REFUSALS = ["WRONGPASS", "NOAUTH", "NOPERM"];

const RECONNECT = { firstMs: 50, longestMs: 2_000, certain: 0.5 };

/** What Redis answers where one key holds what no server of ours has written there; scripts have it among their own words. */
const FOREIGN_VALUE = /\bWRONGTYPE\b|is not an integer|is not a valid float|attempt to \w+/;

/** Between two records of such keys, in milliseconds. */
const FOREIGN_TOLD_MS = 60_000;

/** Why a command has no answer; the message has no secret in it. */
export class RedisUnavailable extends Error {
  override readonly name = "RedisUnavailable";
}

/** Redis can be used, but not the keys of this command: something else stands there. */
export class RedisKeyUnusable extends RedisUnavailable {}

/** How a connection is made. */
export interface RedisConnectionOptions {
  readonly access: RedisAccess;
  /** For a command to be answered in, in milliseconds. @default 250 */
  readonly deadlineMs?: number;
  /** What is so while Redis cannot be used, for the log. @default each server goes by its share of the limits */
  readonly without?: string;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
}

/** The connection; it opens itself, and again and again until it is closed. */
export class RedisConnection {
  /** What the names of all keys begin with. */
  readonly prefix: string;
  /** Resolves with the first outcome: connected, or why not. */
  readonly firstOutcome: Promise<Error | undefined>;
  readonly #client: ReturnType<typeof createRedisClient>;
  readonly #monotonic: () => number;
  readonly #deadlineMs: number;
  readonly #name: string;
  readonly #without: string;
  /** Hear when Redis can be used again. */
  readonly #onReady: (() => void)[] = [];
  #inFlight = 0;
  /** A command was not answered in time, and nothing has come since. */
  #isSilent = false;
  #pausedUntilMs = -Infinity;
  #refusal: string | undefined;
  #foreignToldMs = -Infinity;
  /** What was logged last. */
  #toldAvailable: boolean | undefined;

  constructor(
    { access, deadlineMs = DEADLINE_MS, without = "each server goes by its share of the limits", random, monotonic }:
      RedisConnectionOptions,
  ) {
    this.#without = without;
    this.prefix = access.address.prefix;
    this.#name = redisName(access.address);
    this.#monotonic = monotonic;
    this.#deadlineMs = deadlineMs;
    this.#client = createRedisClient(access, random);
    const outcome = Promise.withResolvers<Error | undefined>();
    this.firstOutcome = outcome.promise;
    this.#client.on("error", (error: Error) => {
      this.#refused(error);
      outcome.resolve(error);
      this.#tell(false, error.message);
    });
    this.#client.on("ready", () => {
      outcome.resolve(undefined);
      this.#isSilent = false;
      for (const listener of this.#onReady) listener();
    });
    // It rejects only when the connection is closed meanwhile: failures are tried again, and told by the event.
    this.#client.connect().catch(() => {});
  }

  /** Whether a command has a chance of being answered now. */
  get isUsable(): boolean {
    return this.#client.isReady && !this.#isSilent && this.#monotonic() >= this.#pausedUntilMs;
  }

  /** Why Redis will not let this server in or not let it do its work, as it said last; only an operator can change that. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  /** Has `listener` called whenever there is a connection again. */
  onReady(listener: () => void): void {
    this.#onReady.push(listener);
  }

  /**
   * Runs one command, once.
   *
   * @throws {RedisUnavailable} it was not answered in time, or Redis did not do it; whether it did is not known then
   * @throws {RedisKeyUnusable} Redis did not do it for the sake of what stands under one of its keys
   */
  async run(...command: readonly string[]): Promise<unknown> {
    if (!this.isUsable) throw new RedisUnavailable("Redis cannot be used now");
    if (this.#inFlight >= MAX_IN_FLIGHT) throw new RedisUnavailable(`${MAX_IN_FLIGHT} commands wait for Redis already`);
    this.#inFlight++;
    const reply = this.#client.sendCommand([...command]).finally(() => this.#inFlight--);
    reply.then(() => this.#heard(), (error) => error instanceof ErrorReply && this.#heard());
    try {
      const answer = await this.#inTime(reply);
      this.#tell(true);
      return answer;
    } catch (error) {
      throw this.#unavailable(error, command);
    }
  }

  /** Runs a script by its digest; where Redis does not know it (any more), by its text. */
  async evaluate(script: RedisScript, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    const rest = [String(keys.length), ...keys.map((key) => this.key(key)), ...args.map(String)];
    try {
      return await this.run("EVALSHA", script.digest, ...rest);
    } catch (error) {
      if (!(error instanceof RedisUnavailable && isErrorReply(error.cause, "NOSCRIPT"))) throw error;
      return await this.run("EVAL", script.text, ...rest);
    }
  }

  /** The whole name of a key. */
  key(name: string): string {
    return `${this.prefix}:${name}`;
  }

  /** Ends the connection; what runs is rejected. */
  close(): void {
    this.#client.destroy();
  }

  #heard(): void {
    this.#isSilent = false;
  }

  #refused(error: unknown): void {
    const isRefusal = error instanceof ErrorReply && ACCESS_REFUSALS.some((code) => error.message.startsWith(code));
    if (isRefusal) this.#refusal = error.message;
  }

  async #inTime<Answer>(reply: Promise<Answer>): Promise<Answer> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.#isSilent = true;
        reject(new RedisUnavailable(`no answer within ${this.#deadlineMs} ms`));
      }, this.#deadlineMs);
    });
    try {
      return await Promise.race([reply, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #unavailable(error: unknown, command: readonly string[]): RedisUnavailable {
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof ErrorReply && FOREIGN_VALUE.test(reason)) {
      this.#tellForeign(command, reason);
      return new RedisKeyUnusable(reason, { cause: error });
    }
    if (!isErrorReply(error, "NOSCRIPT")) {
      this.#refused(error);
      if (error instanceof ErrorReply) this.#pausedUntilMs = this.#monotonic() + REFUSED_PAUSE_MS;
      this.#tell(false, reason);
    }
    return error instanceof RedisUnavailable ? error : new RedisUnavailable(reason, { cause: error });
  }

  #tellForeign(command: readonly string[], reason: string): void {
    const now = this.#monotonic();
    if (now - this.#foreignToldMs < FOREIGN_TOLD_MS) return;
    this.#foreignToldMs = now;
    log.warning("shared state cannot use a key that holds something else; delete it", {
      address: this.#name,
      keys: keysOf(command).join(" "),
      reason,
    });
  }

  /** Says in the log when it changes whether Redis can be used. */
  #tell(isAvailable: boolean, reason?: string): void {
    if (this.#toldAvailable === isAvailable) return;
    const wasTold = this.#toldAvailable !== undefined;
    this.#toldAvailable = isAvailable;
    if (!isAvailable) {
      log.warning(`shared state unavailable; ${this.#without}`, {
        address: this.#name,
        reason,
      });
    } else if (wasTold) log.info("shared state available again", { address: this.#name });
  }
}

/** A script that Redis runs as one step. */
export interface RedisScript {
  readonly text: string;
  /** SHA-1, by which Redis knows it. */
  readonly digest: string;
}

function createRedisClient({ address, ca, password }: RedisAccess, random: () => number) {
  const { host, port, database, isSecure, user } = address;
  const common = {
    host,
    port,
    connectTimeout: CONNECT_MS,
    socketTimeout: SILENT_MS,
    reconnectStrategy: (retries: number) => pauseAfter(retries + 1, { ...RECONNECT, random }),
  };
  const credentials = async () => ({
    ...(user === undefined ? {} : { username: user }),
    ...await passwordOf(password, address.password?.reveal()),
  });
  return createClient({
    RESP: 2,
    socket: isSecure ? { ...common, tls: true, ...(ca === undefined ? {} : { ca }) } : common,
    credentialsProvider: { type: "async-credentials-provider", credentials },
    database,
    disableOfflineQueue: true,
    commandsQueueMaxLength: MAX_IN_FLIGHT + 10,
    pingInterval: PING_MS,
    // A narrow ACL need not allow what only names this client.
    disableClientInfo: true,
    maintNotifications: "disabled",
  });
}

function keysOf([name, ...words]: readonly string[]): readonly string[] {
  return name === "EVALSHA" || name === "EVAL" ? words.slice(2, 2 + Number(words[1])) : words.slice(0, 1);
}

async function passwordOf(read: (() => Promise<string>) | undefined, own: string | undefined) {
  const password = read === undefined ? own : await read();
  return password === undefined ? {} : { password };
}

function isErrorReply(error: unknown, code: string): error is ErrorReply {
  return error instanceof ErrorReply && error.message.startsWith(code);
}
