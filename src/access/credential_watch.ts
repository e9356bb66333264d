/** Ends what was opened with a credential that has since been revoked or has expired. */

import { getLogger } from "../logging/logger.ts";
import type { Caller, Ending } from "./caller.ts";

const log = getLogger(["luno-mcp-server", "access"]);

/** How long a client may stay connected after its credential has ended. */
const INTERVAL_MS = 500;

/** Something open that stands on a caller's credential. */
interface Watched {
  readonly caller: Caller;
  end(ending: Ending): void;
}

/** Looks at all open connections twice a second; owns its timer, which runs only while something is open. */
export class CredentialWatch {
  readonly #refresh: () => Promise<void>;
  readonly #open = new Set<Watched>();
  #looking: Promise<void> | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** `refresh` is called at each look, so that credentials which another process revoked are known. */
  constructor(refresh: () => Promise<void>) {
    this.#refresh = refresh;
  }

  /** Watches a connection until the answered function is called; `end` is called once at the most. */
  watch(caller: Caller, end: (ending: Ending) => void): () => void {
    const watched = { caller, end };
    this.#open.add(watched);
    this.#timer ??= setInterval(() => void this.look(), INTERVAL_MS);
    return () => this.#forget(watched);
  }

  /** Looks now: at once at what is known, then at what other processes have changed. */
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
