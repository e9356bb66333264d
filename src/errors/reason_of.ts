/** The message of what was thrown; for system errors without the system call and its path. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(SYSTEM_CALL, "") : String(error);
}

/** ` (os error 13): open '/path'`, after a sentence that already names the path. */
const SYSTEM_CALL = / \(os error \d+\)(?:: \w+ '.*')?$/s;
