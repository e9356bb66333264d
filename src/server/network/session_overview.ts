/** Sessions of all servers as operators see and end them. */

import { getLogger } from "../../logging/logger.ts";
import { MAX_SHOWN } from "../../session/session_board.ts";
import type { SessionBoard, ShownSession, ShownSessions } from "../../session/session_board.ts";
import type { SessionEnds, SessionTarget } from "../../session/session_ends.ts";

const log = getLogger(["luno-mcp-server", "access"]);

/** Sessions that are shown in all. */
const MAX_SHOWN_IN_ALL = 1_000;

/** The clients of one transport at this server. */
export interface SessionHolder {
  /** Sessions as operators see them. */
  shown(): Iterable<ShownSession>;
  /** Ends those; answers how many. */
  end(target: SessionTarget): number;
}

/** What it needs. */
export interface SessionOverviewParts {
  readonly board: SessionBoard;
  readonly ends: SessionEnds;
  readonly holders: readonly SessionHolder[];
}

/** A session, and the server that has it. */
export type ServedSession = ShownSession & { readonly server: string };

/** What operators are shown. */
export interface SessionListing {
  /** All, shown or not. */
  readonly count: number;
  readonly sessions: readonly ServedSession[];
}

/** What became of ending sessions. */
export interface EndedSessions {
  /** How many were open at this server. */
  readonly ended_here: number;
  /** Whether what is kept of them is void everywhere, and other servers end theirs within seconds. */
  readonly everywhere: boolean;
}

/** Over all servers, from one of them. */
export class SessionOverview {
  readonly #parts: SessionOverviewParts;
  readonly #stop: readonly (() => void)[];

  constructor(parts: SessionOverviewParts) {
    this.#parts = parts;
    const { board, ends } = parts;
    const unwatch = ends.watch?.((target) => this.#endHere(target, "another server"));
    this.#stop = [board.show(() => this.#own()), ...(unwatch === undefined ? [] : [unwatch])];
  }

  /** The sessions of all servers, or of one identity, the ones that were used last first. */
  async list(identity?: string): Promise<SessionListing> {
    const all = [this.#own(), ...await this.#parts.board.others()];
    const sessions = all.flatMap(({ server, sessions }) => sessions.map((session) => ({ ...session, server })));
    const asked = sessions.filter((session) => identity === undefined || session.identity === identity);
    const count = identity === undefined ? all.reduce((sum, { count }) => sum + count, 0) : asked.length;
    const sorted = asked.sort((one, other) => other.last_seen.localeCompare(one.last_seen));
    return { count, sessions: sorted.slice(0, MAX_SHOWN_IN_ALL) };
  }

  /** Ends sessions at all servers, in the name of an operator. */
  async end(target: SessionTarget, by: string): Promise<EndedSessions> {
    const everywhere = await this.#parts.ends.end(target);
    return { ended_here: this.#endHere(target, by), everywhere };
  }

  /** Shows and ends nothing any more. */
  close(): void {
    for (const stop of this.#stop) stop();
  }

  #endHere(target: SessionTarget, by: string): number {
    const count = this.#parts.holders.reduce((sum, holder) => sum + holder.end(target), 0);
    log.warning("sessions ended by an operator", { ...target, by, ended_here: count });
    return count;
  }

  #own(): ShownSessions {
    const sessions = this.#parts.holders.flatMap((holder) => [...holder.shown()]);
    const latest = sessions.sort((one, other) => other.last_seen.localeCompare(one.last_seen));
    return { server: this.#parts.board.server, count: sessions.length, sessions: latest.slice(0, MAX_SHOWN) };
  }
}
