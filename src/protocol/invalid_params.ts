/**
 * What requests of the protocol carry, checked before anybody works on them: a caller's mistake is answered as such, in a
 * sentence that names the member. Tools' own arguments are checked where a tool runs; whether a revision is served, and
 * whether the envelope of 2026-07-28 is there at all, is the SDK's to say.
 */

import { isObject } from "../validation/is_object.ts";
import { claimsRevision, CLIENT_CAPABILITIES_KEY, ENVELOPE, REVISION_KEY } from "./envelope.ts";

/** Answers what is wrong with a value at a path, if something is. */
type Check = (value: unknown, path: string) => string | undefined;

type Members = Readonly<Record<string, Check>>;

const isText = (value: unknown): value is string => typeof value === "string";

const text = expecting("a string", isText);
const truth = expecting("true or false", (value) => typeof value === "boolean");
const number = expecting("a number", (value) => Number.isFinite(value));
const token = expecting("a string or an integer", (value) => isText(value) || Number.isSafeInteger(value));
const anyObject = object({});

const IMPLEMENTATION = object({
  name: text,
  version: text,
  title: optional(text),
  description: optional(text),
  websiteUrl: optional(text),
  icons: optional(list(object({
    src: text,
    mimeType: optional(text),
    sizes: optional(list(text)),
    theme: optional(oneOf(["light", "dark"])),
  }))),
});

const CAPABILITIES = object({
  experimental: optional(record(anyObject)),
  extensions: optional(record(anyObject)),
  sampling: optional(object({ context: optional(anyObject), tools: optional(anyObject) })),
  elicitation: optional(object({
    form: optional(object({ applyDefaults: optional(truth) })),
    url: optional(anyObject),
  })),
  roots: optional(object({ listChanged: optional(truth) })),
  tasks: optional(object({
    list: optional(anyObject),
    cancel: optional(anyObject),
    requests: optional(object({
      sampling: optional(object({ createMessage: optional(anyObject) })),
      elicitation: optional(object({ create: optional(anyObject) })),
    })),
  })),
});

const META = object({
  progressToken: optional(token),
  [`${ENVELOPE}related-task`]: optional(object({ taskId: text })),
});

/** `_meta` of a request that names its revision. */
const CLAIMED_META = object({
  [REVISION_KEY]: text,
  [CLIENT_CAPABILITIES_KEY]: CAPABILITIES,
  [`${ENVELOPE}clientInfo`]: optional(IMPLEMENTATION),
  [`${ENVELOPE}logLevel`]: optional(
    oneOf(["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"]),
  ),
});

/** Every list is answered whole, so no cursor can have come from here. */
const ONE_PAGE = object({
  cursor: optional((value, path) => text(value, path) ?? `${path} must be left out, as this list has one page`),
});

/** What a call that was answered with a question may bring along when it comes again. */
const RESUMED: Members = { inputResponses: optional(anyObject), requestState: optional(text) };

const PARAMS: Readonly<Record<string, Check>> = {
  "initialize": object({ protocolVersion: text, capabilities: CAPABILITIES, clientInfo: IMPLEMENTATION }),
  "tools/list": ONE_PAGE,
  "tools/call": object({
    name: text,
    arguments: optional(anyObject),
    task: optional(object({ ttl: optional(number) })),
    ...RESUMED,
  }),
  "resources/list": ONE_PAGE,
  "resources/templates/list": ONE_PAGE,
  "resources/read": object({ uri: text, ...RESUMED }),
  "prompts/list": ONE_PAGE,
  "prompts/get": object({ name: text, arguments: optional(record(text)), ...RESUMED }),
  "completion/complete": object({
    ref: reference,
    argument: object({ name: text, value: text }),
    context: optional(object({ arguments: optional(record(text)) })),
  }),
  "subscriptions/listen": object({
    notifications: object({
      toolsListChanged: optional(truth),
      promptsListChanged: optional(truth),
      resourcesListChanged: optional(truth),
      resourceSubscriptions: optional(list(text)),
    }),
  }),
};

/** Says in a sentence what is wrong with a request's parameters, if something is. */
export function findInvalidParams(
  { method, params = {} }: { readonly method: string; readonly params?: unknown },
): string | undefined {
  if (!isObject(params)) return expected("params", "an object of named members", params);
  const problem = findInvalidMeta(params);
  // Revisions that requests name themselves have no such method, which the SDK says.
  if (problem !== undefined || (method === "initialize" && claimsRevision(params))) return problem;
  return Object.hasOwn(PARAMS, method) ? PARAMS[method]?.(params, "") : undefined;
}

/** Says in a sentence what is wrong with `_meta` of a request or a notification, if something is. */
export function findInvalidMeta(params: unknown): string | undefined {
  if (!isObject(params) || params._meta === undefined) return undefined;
  const problem = META(params._meta, "_meta");
  return problem ?? (claimsRevision(params) ? CLAIMED_META(params._meta, "_meta") : undefined);
}

function reference(value: unknown, path: string): string | undefined {
  const kind = object({ type: oneOf(["ref/prompt", "ref/resource"]) })(value, path);
  if (kind !== undefined || !isObject(value)) return kind;
  return object(value.type === "ref/prompt" ? { name: text } : { uri: text })(value, path);
}

function expecting(what: string, holds: (value: unknown) => boolean): Check {
  return (value, path) => holds(value) ? undefined : expected(path, what, value);
}

function oneOf(words: readonly string[]): Check {
  return expecting(`one of ${words.join(", ")}`, (value) => isText(value) && words.includes(value));
}

function optional(check: Check): Check {
  return (value, path) => value === undefined ? undefined : check(value, path);
}

/** An object with these members and any others. */
function object(members: Members): Check {
  const checks = Object.entries(members);
  return (value, path) => {
    if (!isObject(value)) return expected(path, "an object", value);
    for (const [name, check] of checks) {
      const member = Object.hasOwn(value, name) ? value[name] : undefined;
      // The path is only told where something is wrong.
      if (check(member, "") !== undefined) return check(member, join(path, name));
    }
    return undefined;
  };
}

function record(check: Check): Check {
  return (value, path) => {
    if (!isObject(value)) return expected(path, "an object", value);
    return first(Object.entries(value), ([name, member]) => check(member, join(path, name)));
  };
}

function list(check: Check): Check {
  return (value, path) => {
    if (!Array.isArray(value)) return expected(path, "a list", value);
    return first(value.entries(), ([index, member]) => check(member, `${path}[${index}]`));
  };
}

function first<Item>(items: Iterable<Item>, find: (item: Item) => string | undefined): string | undefined {
  for (const item of items) {
    const problem = find(item);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function join(path: string, name: string): string {
  const short = name.slice(0, 60);
  if (!/^\w+$/.test(short)) return `${path}[${JSON.stringify(short)}]`;
  return path === "" ? short : `${path}.${short}`;
}

function expected(path: string, what: string, value: unknown): string {
  if (value === undefined) return `${path} is missing: expected ${what}`;
  return `${path} must be ${what}: current value is ${describe(value)}`;
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (isObject(value)) return "an object";
  return JSON.stringify(isText(value) ? value.slice(0, 60) : value);
}
