/** What was thrown, in its own words: an error's message, of the system's errors without the call and its path. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(SYSTEM_CALL, "") : String(error);
}

/** ` (os error 13): open '/path'`, behind a sentence that names the path in its own way. */
const SYSTEM_CALL = / \(os error \d+\)(?:: \w+ '.*')?$/s;
