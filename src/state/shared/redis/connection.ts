/**
 * One connection to Redis or Valkey that fails fast: a command is answered within its deadline or rejects, commands
 * never wait for a connection, and after a missed deadline no command is sent until Redis responds again.
 *
 * The library reconnects, with our pauses; its own queue and timeouts are not used.
 */

import { createClient, ErrorReply } from "redis";
import { getLogger } from "../../../logging/logger.ts";
import { pauseAfter } from "../../../timing/backoff.ts";
import type { RedisAccess } from "../../redis_address.ts";
import { redisName } from "../../redis_address.ts";

const log = getLogger(["luno-mcp-server", "serve"]);

/** Default deadline of a command, in milliseconds. */
export const DEADLINE_MS = 250;

/** The most commands in progress; further ones are rejected. */
const MAX_IN_FLIGHT = 1_000;

/** How long nothing is sent after Redis refused to work, for example because it is read-only or out of memory. */
const REFUSED_PAUSE_MS = 1_000;

const CONNECT_MS = 2_000;
const PING_MS = 2_000;

/** A connection that was silent for this long is dead; longer than the interval of pings. */
const SILENT_MS = 5_000;

/** How Redis's errors about credentials or rights begin. */
const ACCESS_REFUSALS = ["WRONGPASS", "NOAUTH", "NOPERM"];

const RECONNECT = { firstMs: 50, longestMs: 2_000, certain: 0.5 };

/**
 * Redis's error for a key that contains another type than our servers write; in scripts it is part of another message.
 */
const FOREIGN_VALUE = /\bWRONGTYPE\b|is not an integer|is not a valid float|attempt to \w+/;

/** Interval of log records about such keys, in milliseconds. */
const FOREIGN_TOLD_MS = 60_000;

/** Why a command has no answer; the message contains no secret. */
export class RedisUnavailable extends Error {
  override readonly name = "RedisUnavailable";
}

/** Redis works, but not with the keys of this command: they contain foreign data. */
export class RedisKeyUnusable extends RedisUnavailable {}

/** Settings of a connection. */
export interface RedisConnectionOptions {
  readonly access: RedisAccess;
  /**
   * Deadline of a command, in milliseconds.
   *
   * @default 250
   */
  readonly deadlineMs?: number;
  /**
   * The effect of an outage, for the log.
   *
   * @default each server goes by its share of the limits
   */
  readonly without?: string;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
}

/** Opens itself, and reconnects until it is closed. */
export class RedisConnection {
  /** The prefix of all keys. */
  readonly prefix: string;
  /** Resolves with the first outcome: connected, or why not. */
  readonly firstOutcome: Promise<Error | undefined>;
  readonly #client: ReturnType<typeof createRedisClient>;
  readonly #monotonic: () => number;
  readonly #deadlineMs: number;
  readonly #name: string;
  readonly #without: string;
  /** Listeners for a restored connection. */
  readonly #onReady: (() => void)[] = [];
  #inFlight = 0;
  /** A command missed its deadline, and nothing was received since. */
  #isSilent = false;
  #pausedUntilMs = -Infinity;
  #refusal: string | undefined;
  #foreignToldMs = -Infinity;
  /** The state that was last logged. */
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
      this.#tellUnavailable(error.message);
    });
    this.#client.on("ready", () => {
      outcome.resolve(undefined);
      this.#isSilent = false;
      for (const listener of this.#onReady) listener();
    });
    // It rejects only when the connection is closed meanwhile: failures are retried, and reported by the event.
    this.#client.connect().catch(() => {});
  }

  /** Whether a command may be answered now. */
  get isUsable(): boolean {
    return this.#client.isReady && !this.#isSilent && this.#monotonic() >= this.#pausedUntilMs;
  }

  /** Redis's last reason for refusing this server or its commands, which only an operator can fix. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  /** Calls `listener` whenever the connection is restored. */
  onReady(listener: () => void): void {
    this.#onReady.push(listener);
  }

  /**
   * Runs one command, once.
   *
   * @throws {RedisUnavailable} when it was not answered in time, or failed; whether it took effect is then unknown
   * @throws {RedisKeyUnusable} when one of its keys contains foreign data
   */
  async run(...command: readonly string[]): Promise<unknown> {
    if (!this.isUsable) throw new RedisUnavailable("Redis cannot be used now");
    if (this.#inFlight >= MAX_IN_FLIGHT) throw new RedisUnavailable(`${MAX_IN_FLIGHT} commands wait for Redis already`);
    this.#inFlight++;
    const reply = this.#client.sendCommand([...command]).finally(() => this.#inFlight--);
    reply.then(() => this.#heard(), (error) => error instanceof ErrorReply && this.#heard());
    try {
      const answer = await this.#inTime(reply);
      this.#tellAvailable();
      return answer;
    } catch (error) {
      throw this.#unavailable(error, command);
    }
  }

  /** Runs a script by its digest, and by its text when Redis does not know it. */
  async evaluate(script: RedisScript, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    const rest = [String(keys.length), ...keys.map((key) => this.key(key)), ...args.map(String)];
    try {
      return await this.run("EVALSHA", script.digest, ...rest);
    } catch (error) {
      if (!(error instanceof RedisUnavailable && isErrorReply(error.cause, "NOSCRIPT"))) throw error;
      return await this.run("EVAL", script.text, ...rest);
    }
  }

  /** The full name of a key. */
  key(name: string): string {
    return `${this.prefix}:${name}`;
  }

  /** Closes the connection; running commands are rejected. */
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
      this.#tellUnavailable(reason);
    }
    return error instanceof RedisUnavailable ? error : new RedisUnavailable(reason, { cause: error });
  }

  #tellForeign(command: readonly string[], reason: string): void {
    const now = this.#monotonic();
    if (now - this.#foreignToldMs < FOREIGN_TOLD_MS) return;
    this.#foreignToldMs = now;
    log.warning("shared state cannot use a key that contains something else; delete it", {
      address: this.#name,
      keys: keysOf(command).join(" "),
      reason,
    });
  }

  /** Logs that the shared state is available again, once. */
  #tellAvailable(): void {
    if (this.#toldAvailable === false) log.info("shared state available again", { address: this.#name });
    this.#toldAvailable = true;
  }

  /** Logs that the shared state is unavailable, once. */
  #tellUnavailable(reason: string): void {
    if (this.#toldAvailable === false) return;
    this.#toldAvailable = false;
    log.warning(`shared state unavailable; ${this.#without}`, { address: this.#name, reason });
  }
}

/** A script that Redis runs atomically. */
export interface RedisScript {
  readonly text: string;
  /** SHA-1, by which Redis identifies it. */
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
    // The deadline above is shorter; the library's creates a signal for each command, and an error each time one expires.
    commandOptions: { timeout: 0 },
    // A narrow ACL may forbid the command that names this client.
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
