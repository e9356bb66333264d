/**
 * Members that one object has twice. JSON leaves open which of them counts, so whoever looks at a message on its way may
 * see another order than the one that is placed.
 */

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:]/gs;

/** The name of a member that an object of this text has twice; `undefined` where there is none. The text is JSON. */
export function findDuplicateMember(text: string): string | undefined {
  /** Names of each object that is open, `null` for a list. */
  const open: (Set<string> | null)[] = [];
  let last = "";
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(null);
    else if (token === "}" || token === "]") open.pop();
    else if (token !== ":") last = token;
    else {
      const name: string = JSON.parse(last);
      const names = open.at(-1);
      if (names?.has(name)) return name;
      names?.add(name);
    }
  }
  return undefined;
}
