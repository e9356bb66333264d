/** Finds the id of a request that cannot be read as a whole, so that its refusal reaches the caller who waits. */

import type { RequestId } from "@modelcontextprotocol/server";

const ID = String.raw`"id"\s*:\s*("(?:[^"\\]|\\.){0,200}"|-?\d{1,15})`;

/** A member `id` that is complete, a string, or what opens and closes objects and lists. */
const TOKEN = new RegExp(String.raw`${ID}(?=\s*[,}])|"(?:[^"\\]|\\.)*"?|[{}[\]]`, "gs");
const AT_END = new RegExp(String.raw`[,{]\s*${ID}\s*\}\s*$`, "s");

/** How far a line is searched from its start, in characters. */
const SEARCHED = 4_096;

/** What is left of a line that cannot be read. */
export interface UnreadableLine {
  readonly head: string;
  /** Only of a line that may be whole: in broken JSON the last member may belong to any object. */
  readonly tail?: string;
}

/**
 * Looks for the id where clients write it: among the first members of the outermost object, or as its last one. An `id`
 * of anything inside, such as an argument, is never taken.
 *
 * Answers `null` where there is none.
 */
export function findRequestId({ head, tail = "" }: UnreadableLine): RequestId | null {
  const text = idAmongFirstMembers(head.slice(0, SEARCHED)) ?? AT_END.exec(tail)?.[1];
  if (text === undefined) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function idAmongFirstMembers(head: string): string | undefined {
  if (!head.trimStart().startsWith("{")) return undefined;
  let depth = 0;
  for (const [token, id] of head.matchAll(TOKEN)) {
    if (id !== undefined && depth === 1) return id;
    if (token === "{" || token === "[") depth++;
    if (token === "}" || token === "]") depth--;
  }
  return undefined;
}
