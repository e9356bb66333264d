/** Changes one table of a valid TOML text and keeps every other byte. */

import { parse } from "smol-toml";
import { isObject } from "../validation/is_object.ts";

/** A header or a key-value pair, with its position. */
interface Statement {
  readonly isHeader: boolean;
  /** The keys of a header, or of a pair within its table. */
  readonly path: readonly string[];
  readonly start: number;
  /** The end of the statement, before a comment and the end of the line. */
  readonly end: number;
  /** The end of its last line. */
  readonly lineEnd: number;
  /** The keys of the preceding header; empty at the top. */
  readonly table: readonly string[];
}

/** Sets keys of a table; a missing table is appended to the text. */
export function setTomlTable(text: string, path: readonly string[], values: Readonly<Record<string, unknown>>): string {
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const header = readStatements(text).find((statement) => statement.isHeader && isSame(statement.path, path));
  if (header === undefined) {
    const lines = [`[${path.map(keyText).join(".")}]`, ...Object.entries(values).map(pairText)];
    const ended = text === "" || text.endsWith("\n") ? text : `${text}${eol}`;
    const gap = ended === "" || /\n\r?\n$/.test(ended) ? "" : eol;
    return `${ended}${gap}${lines.join(eol)}${eol}`;
  }
  return Object.entries(values).reduce((changed, [key, value]) => setPair(changed, { path, key, value, eol }), text);
}

interface Pair {
  readonly path: readonly string[];
  readonly key: string;
  readonly value: unknown;
  readonly eol: string;
}

function setPair(text: string, { path, key, value, eol }: Pair): string {
  const statements = readStatements(text);
  const header = statements.find((statement) => statement.isHeader && isSame(statement.path, path));
  if (header === undefined) return text;
  const pair = statements.find(({ isHeader, table, path: keys }) =>
    !isHeader && isSame(table, path) && isSame(keys, [key])
  );
  const below = [...path, key];
  // `[mcp_servers.luno.env]`: its pairs are set one by one.
  if (isObject(value) && statements.some((statement) => statement.isHeader && isSame(statement.path, below))) {
    return setTomlTable(text, below, value);
  }
  if (pair !== undefined) {
    const now = parse(text.slice(pair.start, pair.end))[key];
    if (JSON.stringify(now) === JSON.stringify(value)) return text;
    return `${text.slice(0, pair.start)}${pairText([key, value])}${text.slice(pair.end)}`;
  }
  const isWhole = text.slice(0, header.lineEnd).endsWith("\n");
  const line = `${isWhole ? "" : eol}${pairText([key, value])}${eol}`;
  return `${text.slice(0, header.lineEnd)}${line}${text.slice(header.lineEnd)}`;
}

/** Removes a table and its subtables, each with its pairs and the empty line before it. */
export function removeTomlTable(text: string, path: readonly string[]): string {
  const statements = readStatements(text);
  const doomed = statements.filter(({ isHeader, path: keys, table }) => isBelow(isHeader ? keys : table, path));
  return doomed.reduceRight((left, { isHeader, start, lineEnd }) => {
    const line = left.lastIndexOf("\n", start - 1) + 1;
    const before = left.slice(0, line);
    return (isHeader ? before.replace(/(^|\n)\r?\n$/, "$1") : before) + left.slice(lineEnd);
  }, text);
}

function readStatements(text: string): Statement[] {
  const statements: Statement[] = [];
  let table: readonly string[] = [];
  for (let at = 0; at < text.length;) {
    const { start, end, lineEnd } = scanStatement(text, at);
    if (end > start) {
      const content = text.slice(start, end);
      const isHeader = content.startsWith("[");
      const path = isHeader ? keysOf(content) : keysOf(`${content.slice(0, endOfKey(content))}= 0`);
      if (isHeader) table = path;
      statements.push({ isHeader, path, start, end, lineEnd, table });
    }
    at = lineEnd;
  }
  return statements;
}

/** A whole string of any kind; other characters one by one. */
const TOKENS = /"""(?:\\[\s\S]|[^\\])*?"""+|'''[\s\S]*?'''+|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|#[^\n]*|[\s\S]/y;

/** The statement at `at`; for an empty line or a comment `end` equals `start`. */
function scanStatement(text: string, at: number): { start: number; end: number; lineEnd: number } {
  let start: number | undefined;
  let end = at;
  let depth = 0;
  const tokens = new RegExp(TOKENS);
  tokens.lastIndex = at;
  for (let [token] = tokens.exec(text) ?? []; token !== undefined; [token] = tokens.exec(text) ?? []) {
    if (token === "\n" && depth === 0) break;
    if (token.startsWith("#") || /^\s$/.test(token)) continue;
    if (token === "[" || token === "{") depth++;
    if (token === "]" || token === "}") depth--;
    end = tokens.lastIndex;
    start ??= end - token.length;
  }
  // A failed search starts again at 0.
  return { start: start ?? end, end, lineEnd: tokens.lastIndex === 0 ? text.length : tokens.lastIndex };
}

/** The end of a pair's key: the first equals sign outside quotes. */
function endOfKey(pair: string): number {
  return /^(?:"(?:\\.|[^"\\])*"|'[^']*'|[^="'])*/.exec(pair)?.[0].length ?? 0;
}

/** The keys on the path to the innermost table or value of a text that has only one. */
function keysOf(text: string): string[] {
  const keys: string[] = [];
  for (let value: unknown = parse(text); isObject(value);) {
    const [entry] = Object.entries(value);
    if (entry === undefined) break;
    keys.push(entry[0]);
    value = entry[1];
  }
  return keys;
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && isBelow(one, other);
}

function isBelow(path: readonly string[], above: readonly string[]): boolean {
  return above.every((key, index) => path[index] === key);
}

function pairText([key, value]: readonly [string, unknown]): string {
  return `${keyText(key)} = ${valueText(value)}`;
}

function keyText(key: string): string {
  return /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
}

/** JSON and TOML write strings and arrays alike. */
function valueText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(valueText).join(", ")}]`;
  return isObject(value) ? `{ ${Object.entries(value).map(pairText).join(", ")} }` : JSON.stringify(value);
}
