/** Finds the id of a request that cannot be read as a whole, so that its refusal reaches the caller who waits. */

import type { RequestId } from "@modelcontextprotocol/server";

const ID = String.raw`"id"\s*:\s*("(?:[^"\\]|\\.){0,200}"|-?\d{1,15})`;
const AT_START = new RegExp(String.raw`^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?${ID}\s*[,}]`);
const AT_END = new RegExp(String.raw`[,{]\s*${ID}\s*\}\s*$`);

/**
 * Looks for the id at the two places where clients write it: right at the start, and as the last member of all.
 * Answers `null` where it is in neither.
 */
export function findRequestId(line: { readonly head: string; readonly tail: string }): RequestId | null {
  const found = AT_START.exec(line.head) ?? AT_END.exec(line.tail);
  if (found?.[1] === undefined) return null;
  try {
    return JSON.parse(found[1]);
  } catch {
    return null;
  }
}
