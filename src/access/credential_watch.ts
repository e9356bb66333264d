/** Ends connections whose credential was revoked or has expired. */

import { getLogger } from "../logging/logger.ts";
import type { Caller, Ending } from "./caller.ts";

const log = getLogger(["luno-mcp-server", "access"]);

/** How long a client may stay connected after that. */
const INTERVAL_MS = 500;

/** An open connection and its caller. */
interface Watched {
  readonly caller: Caller;
  end(ending: Ending): void;
}

/** Checks all open connections twice a second; its timer runs only while there are any. */
export class CredentialWatch {
  readonly #refresh: () => Promise<void>;
  readonly #open = new Set<Watched>();
  #looking: Promise<void> | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** `refresh` is called before each check, so that credentials which another process revoked are known. */
  constructor(refresh: () => Promise<void>) {
    this.#refresh = refresh;
  }

  /** Watches a connection until the returned function is called; `end` is called at most once. */
  watch(caller: Caller, end: (ending: Ending) => void): () => void {
    const watched = { caller, end };
    this.#open.add(watched);
    this.#timer ??= setInterval(() => void this.look(), INTERVAL_MS);
    return () => this.#forget(watched);
  }

  /** Checks now: at once with what is known, then again with what other processes have changed. */
  look(): Promise<void> {
    this.#endEnded();
    return this.#looking ??= this.#refresh()
      .catch((error) => log.error("cannot refresh credentials; using the last known ones", { error }))
      .then(() => {
        this.#looking = undefined;
        this.#endEnded();
      });
  }

  #endEnded(): void {
    for (const watched of [...this.#open]) {
      const ending = watched.caller.ending();
      if (ending === undefined) continue;
      this.#forget(watched);
      watched.end(ending);
    }
  }

  #forget(watched: Watched): void {
    this.#open.delete(watched);
    if (this.#open.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
