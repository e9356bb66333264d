/** Why state cannot be read or written: one class with a stable code, whatever the engine. */

/** What went wrong; each has a code of its own. */
export type StateFailure =
  | "busy"
  | "full"
  | "read_only"
  | "damaged"
  | "unusable"
  | "overloaded"
  | "outcome_unknown"
  | "closed";

/** State that cannot be used; the message says what to do. */
export class StateError extends Error {
  override readonly name = "StateError";
  /** What it is about: mostly a file. */
  readonly path: string;
  readonly failure: StateFailure;
  /** Stable: `ERR_STATE_BUSY` for `busy`, and so on. */
  readonly code: string;

  constructor(
    message: string,
    { path, failure = "unusable", cause }: { path: string; failure?: StateFailure; cause?: unknown },
  ) {
    super(message, { cause });
    this.path = path;
    this.failure = failure;
    this.code = `ERR_STATE_${failure.toUpperCase()}`;
  }
}

/** What a failure of SQLite means. The runtime tells SQLite's own code for some of them only, its words for all. */
export function sqliteFailure(message: string): "busy" | "full" | "read_only" | "damaged" | "unusable" {
  if (/is full/.test(message)) return "full";
  if (/is locked|is busy/.test(message)) return "busy";
  if (/readonly/.test(message)) return "read_only";
  if (/malformed|not a database|corrupt|append-only|constraint failed/.test(message)) return "damaged";
  return "unusable";
}
