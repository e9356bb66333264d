/**
 * What requests of the protocol carry, checked before anybody works on them: a caller's mistake is answered as such, in a
 * sentence that names the member. Tools' own arguments are checked where a tool runs; whether a revision is served, and
 * whether the envelope of 2026-07-28 is there at all, is the SDK's to say.
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
import { claimsRevision, CLIENT_CAPABILITIES_KEY, ENVELOPE, REVISION_KEY } from "./envelope.ts";

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
  cursor: optional((value) =>
    text(value) ?? { at: "", tell: (path) => `${path} must be left out, as this list has one page` }
  ),
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

/** Methods of the revisions before 2026-07-28 alone. */
const LEGACY_METHODS = new Set(["initialize", "resources/subscribe", "resources/unsubscribe"]);

/** Says in a sentence what is wrong with a request's parameters, if something is. */
export function findInvalidParams(
  { method, params = {} }: { readonly method: string; readonly params?: unknown },
): string | undefined {
  if (!isObject(params)) return sentenceOf(expecting("an object of named members", isObject)(params), "params");
  const problem = findInvalidMeta(params);
  // Revisions that requests name themselves have no such method, which the SDK says.
  if (problem !== undefined || (LEGACY_METHODS.has(method) && claimsRevision(params))) return problem;
  return Object.hasOwn(PARAMS, method) ? sentenceOf(PARAMS[method]?.(params), "") : undefined;
}

/** Says in a sentence what is wrong with `_meta` of a request or a notification, if something is. */
export function findInvalidMeta(params: unknown): string | undefined {
  if (!isObject(params) || params._meta === undefined) return undefined;
  const problem = META(params._meta) ?? (claimsRevision(params) ? CLAIMED_META(params._meta) : undefined);
  return sentenceOf(problem, "_meta");
}

const KIND_OF_REFERENCE = object({ type: oneOf(["ref/prompt", "ref/resource"]) });
const PROMPT_REFERENCE = object({ name: text });
const RESOURCE_REFERENCE = object({ uri: text });

function reference(value: unknown): Problem | undefined {
  const kind = KIND_OF_REFERENCE(value);
  if (kind !== undefined || !isObject(value)) return kind;
  return (value.type === "ref/prompt" ? PROMPT_REFERENCE : RESOURCE_REFERENCE)(value);
}
