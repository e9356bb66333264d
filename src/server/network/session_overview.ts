/** The sessions of all servers, for operators. */

import { getLogger } from "../../logging/logger.ts";
import { MAX_SHOWN } from "../../session/session_board.ts";
import type { SessionBoard, ShownSession, ShownSessions } from "../../session/session_board.ts";
import type { EndedElsewhere, SessionEnds, SessionTarget } from "../../session/session_ends.ts";

const log = getLogger(["luno-mcp-server", "access"]);

/** The most sessions in the list. */
const MAX_SHOWN_IN_ALL = 1_000;

/** The clients of one transport at this server. */
export interface SessionHolder {
  /** All sessions. */
  listed(): Iterable<ListedSession>;
  /** Ends these sessions; returns how many. */
  end(target: SessionTarget | EndedElsewhere): number;
}

/** A session that may be shown: of thousands, only a few are. */
export interface ListedSession {
  readonly identity: string;
  /** When it was last used, by the wall clock. */
  readonly lastSeenMs: number;
  /** Its representation for operators. */
  show(): ShownSession;
}

/** Parts of the overview. */
export interface SessionOverviewParts {
  readonly board: SessionBoard;
  readonly ends: SessionEnds;
  readonly holders: readonly SessionHolder[];
}

/** A session, and its server. */
export type ServedSession = ShownSession & { readonly server: string };

/** The list for operators. */
export interface SessionListing {
  /** The number of all sessions, listed or not. */
  readonly count: number;
  readonly sessions: readonly ServedSession[];
}

/** The result of ending sessions. */
export interface EndedSessions {
  /** How many were open at this server. */
  readonly ended_here: number;
  /** Whether stored sessions are void everywhere, and other servers will end theirs within seconds. */
  readonly everywhere: boolean;
}

/** The sessions of all servers, seen from one of them. */
export class SessionOverview {
  readonly #parts: SessionOverviewParts;
  readonly #stop: readonly (() => void)[];

  constructor(parts: SessionOverviewParts) {
    this.#parts = parts;
    const { board, ends } = parts;
    const unwatch = ends.watch?.((target) => this.#endHere(target, "another server"));
    this.#stop = [board.show(() => this.#own()), ...(unwatch === undefined ? [] : [unwatch])];
  }

  /** The sessions of all servers, or of one identity, most recently used first. */
  async list(identity?: string): Promise<SessionListing> {
    const all = [this.#own(identity), ...await this.#parts.board.others()];
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

  /** Stops publishing and listening. */
  close(): void {
    for (const stop of this.#stop) stop();
  }

  #endHere(target: SessionTarget | EndedElsewhere, by: string): number {
    const count = this.#parts.holders.reduce((sum, holder) => sum + holder.end(target), 0);
    const what = "identityDigest" in target ? { identity_digest: target.identityDigest } : target;
    log.warning("sessions ended by an operator", { ...what, by, ended_here: count });
    return count;
  }

  /** The most recently used sessions of this server, of one identity if given. */
  #own(identity?: string): ShownSessions {
    const latest = new Latest(MAX_SHOWN);
    let count = 0;
    for (const holder of this.#parts.holders) {
      for (const session of holder.listed()) {
        count++;
        if (identity === undefined || session.identity === identity) latest.add(session);
      }
    }
    return { server: this.#parts.board.server, count, sessions: latest.all().map((session) => session.show()) };
  }
}

/** The most recently used of many sessions, without sorting all of them. */
class Latest {
  readonly #max: number;
  #kept: ListedSession[] = [];
  /** Older ones are not among them. */
  #oldestMs = -Infinity;

  constructor(max: number) {
    this.#max = max;
  }

  add(session: ListedSession): void {
    if (session.lastSeenMs <= this.#oldestMs) return;
    if (this.#kept.push(session) >= 2 * this.#max) this.#kept = this.all();
  }

  /** Most recently used first. */
  all(): ListedSession[] {
    const latest = this.#kept.sort((one, other) => other.lastSeenMs - one.lastSeenMs).slice(0, this.#max);
    if (latest.length === this.#max) this.#oldestMs = latest.at(-1)?.lastSeenMs ?? -Infinity;
    return latest;
  }
}
