/** Keys that stand twice in one object of a JSON text: `JSON.parse` keeps the last in silence. */

interface Frame {
  readonly path: string;
  /** Keys so far; absent for a list. */
  readonly keys: Set<string> | undefined;
  /** Where the value that comes next belongs. */
  next: string;
}

/**
 * Names every key that an object has more than once, as a path such as `default.mode`.
 *
 * @param text valid JSON
 */
export function findDuplicateKeys(text: string): string[] {
  const found = new Set<string>();
  const frames: Frame[] = [];
  for (const { 0: token, index } of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]]/g)) {
    const frame = frames.at(-1);
    if (token === "{" || token === "[") {
      const path = frame?.next ?? "";
      frames.push({ path, keys: token === "{" ? new Set() : undefined, next: path });
    } else if (token === "}" || token === "]") {
      frames.pop();
    } else if (frame?.keys !== undefined && isKey(text, index + token.length)) {
      const key = String(JSON.parse(token));
      frame.next = frame.path === "" ? key : `${frame.path}.${key}`;
      if (frame.keys.has(key)) found.add(frame.next);
      frame.keys.add(key);
    }
  }
  return [...found];
}

/** Tells whether the string that ends at `end` is a key. */
function isKey(text: string, end: number): boolean {
  const colon = /\s*(:?)/y;
  colon.lastIndex = end;
  return colon.exec(text)?.[1] === ":";
}
