/** Reads a client's configuration: which servers it starts, and how. Writes nothing. */

import { type Node, parseTree, printParseErrorCode } from "jsonc-parser";
import type { ParseError } from "jsonc-parser";
import { parse as parseToml, TomlError } from "smol-toml";
import { reasonOf } from "../errors/reason_of.ts";
import { isObject } from "../validation/is_object.ts";
import { CLIENTS, configPlaces } from "./clients.ts";
import type { Client, ClientName, ConfigPlace, System } from "./clients.ts";

/** How a client starts or reaches a server; other members are ignored. */
export interface ServerEntry {
  readonly command?: string;
  readonly args: readonly string[];
  /** May contain secrets: never part of any output. */
  readonly env: Readonly<Record<string, string>>;
  /** For a server that is reached over a network. */
  readonly url?: string;
  /** Members of a type that no client accepts; absent when there are none. */
  readonly flaws?: readonly string[];
  /** The client is told not to start it. */
  readonly isDisabled?: true;
}

/** The state of a client's configuration. */
export type ClientConfig =
  /** The client is not on this computer. */
  | { readonly state: "not installed"; readonly file?: string }
  /** The client exists, but its file does not. */
  | { readonly state: "no file"; readonly file: string }
  | { readonly state: "unreadable"; readonly file: string; readonly problem: string }
  | {
    readonly state: "read";
    readonly file: string;
    readonly text: string;
    readonly servers: Readonly<Record<string, ServerEntry>>;
  };

/** Finds and reads a client's configuration. */
export async function readClientConfig(name: ClientName, system: System): Promise<ClientConfig> {
  const places = configPlaces(name, system);
  const place = await placeInUse(places);
  if (place === undefined) {
    const file = places.at(-1)?.file;
    return { state: "not installed", ...(file === undefined ? {} : { file }) };
  }
  return await readConfigFile(CLIENTS[name], place.file);
}

async function placeInUse(places: readonly ConfigPlace[]): Promise<ConfigPlace | undefined> {
  for (const place of places) {
    if (await exists(place.file) || await exists(place.folder)) return place;
  }
  return undefined;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

/** Reads one file as the client's configuration. */
export async function readConfigFile(client: Client, file: string): Promise<ClientConfig> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await Deno.readFile(file));
  } catch (error) {
    const isMissing = error instanceof Deno.errors.NotFound;
    if (isMissing && !await exists(file)) return { state: "no file", file };
    const reason = error instanceof TypeError ? "expected text in UTF-8" : reasonOf(error);
    return { state: "unreadable", file, problem: `${file}: ${isMissing ? "is a link that leads nowhere" : reason}` };
  }
  const read = readServers(client, text);
  if (!read.ok) return { state: "unreadable", file, problem: `${file}: ${read.problem}` };
  return { state: "read", file, text, servers: read.servers };
}

/** The servers in a configuration, or why it cannot be read. */
export type Servers =
  | { readonly ok: true; readonly servers: Readonly<Record<string, ServerEntry>> }
  | { readonly ok: false; readonly problem: string };

/** Reads the servers in the text of a configuration; comments and an empty text are allowed. */
export function readServers({ format, servers: member }: Client, text: string): Servers {
  const parsed = format === "toml" ? parseTomlText(text) : parseJsonText(text);
  if (!parsed.ok) return parsed;
  const servers = parsed.value[member] ?? {};
  if (!isObject(servers)) {
    return { ok: false, problem: `${member}: expected ${format === "toml" ? "a table" : "an object"}` };
  }
  return {
    ok: true,
    servers: Object.fromEntries(Object.entries(servers).map(([name, value]) => [name, entryOf(value)])),
  };
}

function entryOf(value: unknown): ServerEntry {
  const { command, args = [], env = {}, url, httpUrl, serverUrl, disabled, enabled } = isObject(value) ? value : {};
  const address = [url, httpUrl, serverUrl].find((candidate) => typeof candidate === "string");
  const flaws = [
    ...(Array.isArray(args) && args.every(isText) ? [] : ["args: expected a list of texts"]),
    ...(isObject(env) && Object.values(env).every(isText) ? [] : ["env: expected texts by their names"]),
  ];
  return {
    ...(typeof command === "string" ? { command } : {}),
    args: Array.isArray(args) ? args.filter(isText) : [],
    env: isObject(env)
      ? Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => isText(entry[1])))
      : {},
    ...(typeof address === "string" ? { url: address } : {}),
    ...(flaws.length === 0 ? {} : { flaws }),
    ...(disabled === true || enabled === false ? { isDisabled: true } : {}),
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** The members at the top of the file. */
export type Parsed =
  | { readonly ok: true; readonly value: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly problem: string };

/** Parses TOML. */
export function parseTomlText(text: string): Parsed {
  try {
    return { ok: true, value: parseToml(withoutMark(text)) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [reason = "not readable"] = error.message.replace(/^Invalid TOML document: /, "").split("\n");
    return { ok: false, problem: `expected TOML: line ${error.line}, column ${error.column}: ${reason}` };
  }
}

/** Parses JSON with comments and trailing commas, as editors accept it. */
export function parseJsonText(text: string): Parsed {
  const content = withoutMark(text);
  const errors: ParseError[] = [];
  const tree = parseTree(content, errors, { allowTrailingComma: true, allowEmptyContent: true });
  const [error] = errors;
  if (error !== undefined) {
    const before = content.slice(0, error.offset).split("\n");
    const place = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
    return { ok: false, problem: `expected JSON: ${place}: ${wordsOf(printParseErrorCode(error.error))}` };
  }
  if (tree === undefined) return { ok: true, value: {} };
  if (tree.type !== "object") return { ok: false, problem: "expected a JSON object" };
  const twice = findDuplicate(tree);
  if (twice !== undefined) return { ok: false, problem: `${twice}: is there twice` };
  return { ok: true, value: valueOf(tree) as Record<string, unknown> };
}

/** Turns `PropertyNameExpected` into `property name expected`. */
function wordsOf(code: string): string {
  return code.replaceAll(/(?!^)[A-Z]/g, (letter) => ` ${letter}`).toLowerCase();
}

/** A repeated member, at the top of the file or one level below: which of the two counts is undefined. */
function findDuplicate(node: Node, path: readonly string[] = []): string | undefined {
  if (node.type !== "object") return undefined;
  const names = new Set<string>();
  for (const { children: [key, value] = [] } of node.children ?? []) {
    const name = String(key?.value);
    if (names.has(name)) return [...path, name].join(".");
    names.add(name);
    const below = value === undefined ? undefined : findDuplicate(value, [...path, name]);
    if (below !== undefined) return below;
  }
  return undefined;
}

/** Objects are built from entries, so that a member called `__proto__` is an ordinary one. */
function valueOf({ type, value, children = [] }: Node): unknown {
  if (type === "array") return children.map(valueOf);
  if (type !== "object") return value;
  return Object.fromEntries(
    children.map(({ children: [key, member] = [] }) => [String(key?.value), member && valueOf(member)]),
  );
}

/** The text without the byte order mark that some editors on Windows add. */
export function withoutMark(text: string): string {
  return text.startsWith("\uFEFF") ? text.slice(1) : text;
}
