/**
 * Finds members that one object of a JSON text has twice. JSON leaves open which of them counts, and `JSON.parse`
 * silently keeps the last, so a proxy or a reviewer may see another order or policy than the one that takes effect.
 */

interface Frame {
  readonly path: string;
  /** Names seen so far; absent for an array. */
  readonly names: Set<string> | undefined;
  /** The path of the next value. */
  next: string;
}

interface Duplicate {
  readonly name: string;
  readonly path: string;
}

/** The name of a member that an object has twice; `undefined` when there is none. The text must be valid JSON. */
export function findDuplicateMember(text: string): string | undefined {
  for (const { name } of duplicates(text)) return name;
  return undefined;
}

/** Every member that an object has more than once, as a path such as `default.mode`. The text must be valid JSON. */
export function listDuplicateMembers(text: string): string[] {
  return [...new Set(Array.from(duplicates(text), ({ path }) => path))];
}

function* duplicates(text: string): Iterable<Duplicate> {
  const frames: Frame[] = [];
  for (const { 0: token, index } of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]]/g)) {
    const frame = frames.at(-1);
    if (token === "{" || token === "[") {
      const path = frame?.next ?? "";
      frames.push({ path, names: token === "{" ? new Set() : undefined, next: path });
    } else if (token === "}" || token === "]") {
      frames.pop();
    } else if (frame?.names !== undefined && isName(text, index + token.length)) {
      const name = String(JSON.parse(token));
      frame.next = frame.path === "" ? name : `${frame.path}.${name}`;
      if (frame.names.has(name)) yield { name, path: frame.next };
      frame.names.add(name);
    }
  }
}

/** Tells whether the string that ends at `end` is the name of a member. */
function isName(text: string, end: number): boolean {
  const colon = /\s*(:?)/y;
  colon.lastIndex = end;
  return colon.exec(text)?.[1] === ":";
}
