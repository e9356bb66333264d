/**
 * Validates the parameters of protocol requests before they are processed: a client's mistake is reported in a sentence
 * that names the member. Arguments of tools are validated when the tool runs; the SDK decides whether a revision is
 * supported, and whether the envelope of 2026-07-28 is present.
 */

import { isObject } from "../validation/is_object.ts";
import {
  anyObject,
  expecting,
  list,
  number,
  object,
  oneOf,
  optional,
  record,
  sentenceOf,
  text,
  token,
  truth,
} from "./checks.ts";
import type { Check, Members, Problem } from "./checks.ts";
import { claimsRevision, CLIENT_CAPABILITIES_KEY, ENVELOPE, MODERN_REVISION, REVISION_KEY } from "./envelope.ts";

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

/** Of the name of a revision, in characters; it is repeated to clients that name one that there is not. */
const MAX_REVISION = 60;

const REVISION = expecting(
  `the name of a revision, such as ${MODERN_REVISION}`,
  (value) => typeof value === "string" && value.length <= MAX_REVISION,
);

/** `_meta` of a request that names its revision. */
const CLAIMED_META = object({
  [REVISION_KEY]: REVISION,
  [CLIENT_CAPABILITIES_KEY]: CAPABILITIES,
  [`${ENVELOPE}clientInfo`]: optional(IMPLEMENTATION),
  [`${ENVELOPE}logLevel`]: optional(
    oneOf(["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"]),
  ),
});

/** Of an opening as JSON, in characters: all of it is kept for as long as its client stays, icons included. */
const MAX_OPENING = 65_536;

/** Lists are never paged, so no cursor can be valid. */
const ONE_PAGE = object({
  cursor: optional((value) =>
    text(value) ?? { at: "", tell: (path) => `${path} must be left out, as this list has one page` }
  ),
});

/** What a call may contain when it is repeated after a question. */
const RESUMED: Members = { inputResponses: optional(anyObject), requestState: optional(text) };

const PARAMS: Readonly<Record<string, Check>> = {
  "initialize": opening,
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
  "resources/subscribe": object({ uri: text }),
  "resources/unsubscribe": object({ uri: text }),
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

/** Methods that exist only before revision 2026-07-28. */
const LEGACY_METHODS = new Set(["initialize", "resources/subscribe", "resources/unsubscribe"]);

/** A sentence about the problem of a request's parameters; `undefined` when there is none. */
export function findInvalidParams(
  { method, params = {} }: { readonly method: string; readonly params?: unknown },
): string | undefined {
  if (!isObject(params)) return sentenceOf(expecting("an object of named members", isObject)(params), "params");
  const problem = findInvalidMeta(params);
  // In the revision that the request names there is no such method; the SDK reports that.
  if (problem !== undefined || (LEGACY_METHODS.has(method) && claimsRevision(params))) return problem;
  return Object.hasOwn(PARAMS, method) ? sentenceOf(PARAMS[method]?.(params), "") : undefined;
}

/** A sentence about the problem of `_meta` in a request or notification; `undefined` when there is none. */
export function findInvalidMeta(params: unknown): string | undefined {
  if (!isObject(params) || params._meta === undefined) return undefined;
  const problem = META(params._meta) ?? (claimsRevision(params) ? CLAIMED_META(params._meta) : undefined);
  return sentenceOf(problem, "_meta");
}

const OPENING = object({ protocolVersion: text, capabilities: CAPABILITIES, clientInfo: IMPLEMENTATION });

function opening(value: unknown): Problem | undefined {
  const problem = OPENING(value);
  if (problem !== undefined) return problem;
  const { length } = JSON.stringify(value);
  if (length <= MAX_OPENING) return undefined;
  const tell = () => `the parameters must be at most ${MAX_OPENING} characters of JSON: current size is ${length}`;
  return { at: "", tell };
}

const KIND_OF_REFERENCE = object({ type: oneOf(["ref/prompt", "ref/resource"]) });
const PROMPT_REFERENCE = object({ name: text });
const RESOURCE_REFERENCE = object({ uri: text });

function reference(value: unknown): Problem | undefined {
  const kind = KIND_OF_REFERENCE(value);
  if (kind !== undefined || !isObject(value)) return kind;
  return (value.type === "ref/prompt" ? PROMPT_REFERENCE : RESOURCE_REFERENCE)(value);
}
