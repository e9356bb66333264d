/** The lists of sessions that the servers on one Redis publish: one text per server, renewed every few seconds. */

import { MAX_SHOWN, readShown } from "../../../session/session_board.ts";
import type { SessionBoard, ShownSessions } from "../../../session/session_board.ts";
import { RedisUnavailable } from "./connection.ts";
import type { RedisConnection } from "./connection.ts";
import { SERVERS_KEY } from "./servers.ts";
import type { Servers } from "./servers.ts";

/** Published with every this many reports. */
const BEATS = 2;

/** A list that was not renewed for longer is deleted, in milliseconds. */
const KEPT_MS = 15_000;

/** The board, as seen by one server. */
export class RedisSessionBoard implements SessionBoard {
  readonly server: string;
  readonly #connection: RedisConnection;
  #look: (() => ShownSessions) | undefined;
  #beats = 0;

  constructor(connection: RedisConnection, servers: Servers) {
    this.#connection = connection;
    this.server = servers.id;
    servers.onBeat(() => void this.#say());
  }

  show(look: () => ShownSessions): () => void {
    this.#look = look;
    return () => this.#look = undefined;
  }

  async others(): Promise<readonly ShownSessions[]> {
    const ids = await this.#attempt((connection) =>
      connection.run("ZRANGEBYSCORE", connection.key(SERVERS_KEY), "-inf", "+inf")
    );
    const others = (Array.isArray(ids) ? ids as string[] : []).filter((id) => id !== this.server);
    const texts = await Promise.all(
      others.map((id) => this.#attempt((connection) => connection.run("GET", connection.key(keyOf(id))))),
    );
    return texts.flatMap((text) => typeof text === "string" ? readShown(text) ?? [] : []);
  }

  async #say(): Promise<void> {
    if (this.#look === undefined || this.#beats++ % BEATS !== 0) return;
    const { sessions, ...rest } = this.#look();
    const text = JSON.stringify({ ...rest, sessions: sessions.slice(0, MAX_SHOWN) });
    await this.#attempt((connection) =>
      connection.run("SET", connection.key(keyOf(this.server)), text, "PX", String(KEPT_MS))
    );
  }

  async #attempt(ask: (connection: RedisConnection) => Promise<unknown>): Promise<unknown> {
    try {
      return await ask(this.#connection);
    } catch (error) {
      if (error instanceof RedisUnavailable) return undefined;
      throw error;
    }
  }
}

function keyOf(server: string): string {
  return `sessions-of:${server}`;
}
