/**
 * Messages as careless and hostile clients send them: valid ones of either era, changed in any member of their
 * envelope.
 */

import fc from "fast-check";
import { ENVELOPE, INITIALIZE_PARAMS } from "./requests.ts";
import type { Json } from "./requests.ts";

/** The eras of the protocol, and a client without any opening. */
export type Opening = "none" | "2025-11-25" | "2026-07-28";

/** A message before its ids are known. */
export interface OddMessage {
  readonly method: string;
  readonly params: Json;
  readonly kind: "request" | "notification" | "answer" | "batch" | "twice" | "cancelled" | "cut";
  /** Whether the id is a string. */
  readonly isNamed: boolean;
  /** The change: a place among all places of the message, and its new value. */
  readonly changes: readonly { readonly place: number; readonly value: unknown }[];
}

/** Texts to send, and how often each id must be answered. */
export interface OddTexts {
  readonly texts: readonly string[];
  readonly answers: ReadonlyMap<unknown, number>;
  /** Ids whose requests were cancelled or cut off, and may stay unanswered. */
  readonly optional: readonly unknown[];
}

const METHODS: Readonly<Record<string, Json>> = {
  "initialize": INITIALIZE_PARAMS,
  "ping": {},
  "tools/list": {},
  "tools/call": { name: "describe_capabilities", arguments: {} },
  "resources/list": {},
  "resources/templates/list": {},
  "resources/read": { uri: "luno://status" },
  "prompts/list": {},
  "prompts/get": { name: "market_brief", arguments: { pair: "XBTZAR" } },
  "completion/complete": {
    ref: { type: "ref/prompt", name: "pre_trade_check" },
    argument: { name: "side", value: "B" },
    context: { arguments: { pair: "XBTZAR" } },
  },
  "subscriptions/listen": { notifications: { toolsListChanged: true, resourceSubscriptions: ["luno://status"] } },
  "server/discover": {},
  "logging/setLevel": { level: "info" },
  "tasks/get": { taskId: "1" },
  "notifications/initialized": {},
  "notifications/progress": { progressToken: 1, progress: 1 },
  "describe_capabilities": {},
  "get_crypto_price": { pair: "XBTZAR" },
  "no/such": {},
};

/** Optional members of a message. */
const OPTIONAL_PLACES: readonly (readonly string[])[] = [
  ["result"],
  ["error"],
  ["unknown"],
  ["params", "cursor"],
  ["params", "task"],
  ["params", "requestState"],
  ["params", "inputResponses"],
  ["params", "_meta"],
  ["params", "_meta", "progressToken"],
  ["params", "_meta", "io.modelcontextprotocol/related-task"],
  ["params", "_meta", "io.modelcontextprotocol/protocolVersion"],
  ["params", "_meta", "io.modelcontextprotocol/clientCapabilities"],
];

const ODD_VALUE = fc.oneof(
  fc.constantFrom(
    undefined,
    null,
    true,
    "",
    [],
    {},
    [null],
    { a: { b: null } },
    -1,
    1.5,
    1e300,
    "__proto__",
    "2099-01-01",
  ),
  fc.string({ maxLength: 5 }),
  fc.integer(),
);

/** Messages of a client that has opened in this way. */
export function oddMessages(opening: Opening): fc.Arbitrary<OddMessage> {
  const meta = opening === "2026-07-28" ? { _meta: ENVELOPE } : {};
  return fc.record({
    method: fc.constantFrom(...Object.keys(METHODS)),
    kind: fc.constantFrom(
      "request",
      "request",
      "request",
      "notification",
      "answer",
      "batch",
      "twice",
      "cancelled",
      "cut",
    ),
    isNamed: fc.boolean(),
    changes: fc.array(fc.record({ place: fc.nat(), value: ODD_VALUE }), { maxLength: 2 }),
  }).map(({ method, ...rest }) => ({ method, params: { ...METHODS[method], ...meta }, ...rest }));
}

/** Serializes a message. */
export function writeMessage({ method, params, kind, isNamed, changes }: OddMessage, number: number): OddTexts {
  const id = isNamed ? `id ${number}` : number;
  const whole = kind === "answer"
    ? { jsonrpc: "2.0", id, result: {} }
    : { jsonrpc: "2.0", ...(kind === "notification" ? {} : { id }), method, params };
  const message = structuredClone<Json>(whole);
  for (const { place, value } of changes) change(message, place, value);
  const text = JSON.stringify(message);
  const cancel = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: id } };
  const wanted = idsToAnswer(message);
  switch (kind) {
    case "batch":
      return { texts: [`[${text},1,${text}]`], answers: count([...wanted, ...wanted]), optional: [] };
    case "twice":
      return { texts: [text, text], answers: count([...wanted, ...wanted]), optional: [] };
    case "cancelled":
      return { texts: [text, JSON.stringify(cancel)], answers: count(wanted), optional: [id] };
    case "cut":
      return { texts: [text.slice(0, -1)], answers: count(wanted), optional: wanted };
    default:
      return { texts: [text], answers: count(wanted), optional: [] };
  }
}

/** What JSON-RPC requires an answer to: every message with an id that is not an answer itself. */
function idsToAnswer(message: Json): unknown[] {
  const { id, method, result, error } = message;
  const isAnswer = method === undefined && (result !== undefined || error !== undefined);
  return !isAnswer && (typeof id === "string" || Number.isSafeInteger(id)) ? [id] : [];
}

function count(ids: readonly unknown[]): Map<unknown, number> {
  const counts = new Map<unknown, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

function change(message: Json, place: number, value: unknown): void {
  const places = [...placesOf(message), ...OPTIONAL_PLACES];
  const path = places[place % places.length] ?? [];
  let at = message;
  for (const name of path.slice(0, -1)) {
    if (typeof at[name] !== "object" || at[name] === null) at[name] = {};
    at = at[name];
  }
  at[path.at(-1) ?? ""] = structuredClone(value);
}

function placesOf(value: Json, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => [[...path, name], ...placesOf(member, [...path, name])]);
}
