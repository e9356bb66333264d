/** Finds the id of a request that cannot be parsed as a whole, so that its refusal reaches the waiting client. */

import type { RequestId } from "@modelcontextprotocol/server";

const ID = String.raw`"id"\s*:\s*("(?:[^"\\]|\\.){0,200}"|-?\d{1,15})`;

/** A complete member `id`, a string, or the brackets of objects and arrays. */
const TOKEN = new RegExp(String.raw`${ID}(?=\s*[,}])|"(?:[^"\\]|\\.)*"?|[{}[\]]`, "gs");
const AT_END = new RegExp(String.raw`[,{]\s*${ID}\s*\}\s*$`, "s");

/** How far a line is searched from its start, in characters. */
const SEARCHED = 4_096;

/** The known parts of an oversized line. */
export interface UnreadableLine {
  readonly head: string;
  /** Present only if the line may be complete JSON: in broken JSON the last member may belong to any object. */
  readonly tail?: string;
}

/**
 * Finds the id where clients write it: among the first members of the outermost object, or as its last one. An `id`
 * inside a nested value, such as an argument, is never returned.
 *
 * Returns `null` when there is none.
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
