/**
 * Listens for notifications of rare changes by other servers, on a dedicated connection that is reopened whenever it is
 * lost. A notification only says that something changed; the listener then reads it.
 */

import { Socket } from "node:net";
// @ts-types="@types/pg"
import pg from "pg";
import { pauseAfter } from "../../../timing/backoff.ts";
import { sleep } from "../../../timing/sleep.ts";
import type { DatabaseAccess } from "../../database_address.ts";
import { CHANNEL } from "./channel.ts";
import { clientConfig } from "./database.ts";

/** What changed: the keys, the halt, a published file, or possibly anything, after an interruption. */
export type Topic = "keys" | "halt" | "policy" | "access" | "anything";

/** Settings of {@linkcode Notices}. */
export interface NoticesOptions {
  /** Called for each change, and whenever the connection was reopened. */
  readonly onChange: (topic: Topic) => void;
  /** From 0 up to, but not including, 1. @default Math.random */
  readonly random?: () => number;
}

/** The interval of pings: a broken or frozen connection does not report itself. */
const PING_MS = 5_000;
const PAUSE = { firstMs: 100, longestMs: 2_000, certain: 0.5 };
const TOPICS: readonly string[] = ["keys", "halt", "policy", "access"] satisfies Topic[];

/** Listens from its creation until it is closed. */
export class Notices {
  readonly #access: DatabaseAccess;
  readonly #options: NoticesOptions;
  readonly #ending = new AbortController();
  readonly #running: Promise<void>;

  constructor(access: DatabaseAccess, options: NoticesOptions) {
    this.#access = access;
    this.#options = options;
    this.#running = this.#run();
  }

  /** Closes the connection. */
  async close(): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    const { random = Math.random } = this.#options;
    for (let failures = 1; !signal.aborted; failures++) {
      const hasListened = await this.#listen();
      if (hasListened) failures = 1;
      await sleep(pauseAfter(failures, { ...PAUSE, random }), signal).catch(() => {});
    }
  }

  /** Listens until the connection is lost; returns whether there was one. */
  async #listen(): Promise<boolean> {
    const { signal } = this.#ending;
    const socket = new Socket();
    const client = new pg.Client({ ...clientConfig(this.#access), stream: () => socket });
    const { promise: lost, resolve: lose } = Promise.withResolvers<void>();
    client.on("error", () => lose());
    client.on("end", () => lose());
    client.on("notification", ({ payload = "" }) => {
      if (isTopic(payload)) this.#options.onChange(payload);
    });
    // Without saying goodbye, as a frozen server would not answer.
    signal.addEventListener("abort", () => socket.destroy(), { once: true });
    let isListening = false;
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
      isListening = true;
      this.#options.onChange("anything");
      const timer = setInterval(() => client.query("SELECT 1").catch(() => lose()), PING_MS);
      await lost;
      clearInterval(timer);
    } catch {
      // It is retried; other users of the database report why it is unreachable.
    }
    await client.end().catch(() => {});
    return isListening;
  }
}

function isTopic(word: string): word is Topic {
  return TOPICS.includes(word);
}
