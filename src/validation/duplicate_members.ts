/**
 * Members that one object of a JSON text has twice. JSON leaves open which of them counts and `JSON.parse` keeps the last
 * in silence, so whoever looks at a text on its way may see another order, or another policy, than the one that acts.
 */

interface Frame {
  readonly path: string;
  /** Names so far; absent for a list. */
  readonly names: Set<string> | undefined;
  /** Where the value that comes next belongs. */
  next: string;
}

interface Duplicate {
  readonly name: string;
  readonly path: string;
}

/** The name of a member that an object has twice; `undefined` where there is none. The text is valid JSON. */
export function findDuplicateMember(text: string): string | undefined {
  for (const { name } of duplicates(text)) return name;
  return undefined;
}

/** Every member that an object has more than once, as a path such as `default.mode`. The text is valid JSON. */
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

/** Tells whether the string that ends at `end` names a member. */
function isName(text: string, end: number): boolean {
  const colon = /\s*(:?)/y;
  colon.lastIndex = end;
  return colon.exec(text)?.[1] === ":";
}
