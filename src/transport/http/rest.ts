/**
 * The tools over REST: `GET /v1/tools` lists them, `POST /v1/tools/{name}` runs one, `GET /openapi.json` describes
 * both.
 *
 * Authentication, origin checks and limits come before.
 */

import { getLogger } from "../../logging/logger.ts";
import { directMethods, isWriting, requiredScope } from "../../protocol/direct_call.ts";
import type { ListingEntry } from "../../protocol/listing.ts";
import type { Backend } from "../../protocol/backend_port.ts";
import { runTool } from "../../protocol/tool_answer.ts";
import type { ToolOutcome } from "../../protocol/tool_call.ts";
import { attempt, whenAnswered } from "../../timing/awaitable.ts";
import type { Awaitable } from "../../timing/awaitable.ts";
import { during } from "../../timing/held_clocks.ts";
import type { HeldClocks } from "../../timing/held_clocks.ts";
import type { Credential } from "../../protocol/openapi.ts";
import { ToolVisibility } from "../../protocol/visible_tools.ts";
import type { VisibleTools } from "../../protocol/visible_tools.ts";
import type { CallerFacts } from "../../access/caller.ts";
import type { HttpRequest } from "../listeners/http_request.ts";
import { WholeAnswer } from "../listeners/whole_answer.ts";
import type { HttpAnswer } from "../listeners/whole_answer.ts";
import { pathOf } from "./path.ts";
import { JsonDocument } from "./document.ts";
import { findDuplicateMember } from "../../validation/duplicate_members.ts";
import { problemResponse } from "./problem.ts";
import { readJsonBody } from "./request_body.ts";
import type { JsonBody } from "./request_body.ts";

const log = getLogger(["luno-mcp-server", "rest"]);

/** Parts of the routes. */
export interface RestOptions {
  readonly identity: { readonly name: string; readonly version: string };
  readonly listing: readonly ListingEntry[];
  /**
   * How clients authenticate, for the description.
   *
   * @default []
   */
  readonly credentials?: () => readonly Credential[];
  /** Opened by the first call. */
  readonly backend: () => Awaitable<Backend>;
  /** Largest request body, in bytes. */
  readonly maxBodySize: number;
  /**
   * Time limit of a request body, in milliseconds.
   *
   * @default 10_000
   */
  readonly bodyTimeoutMs?: number;
  /** Held while a call is made. @default the clocks always advance */
  readonly clocks?: Pick<HeldClocks, "during"> | undefined;
}

/** Serves the routes; any other path is answered 404. Never rejects. When a client leaves, its call is aborted. */
export function createRest(options: RestOptions): (request: HttpRequest, caller: CallerFacts) => Awaitable<HttpAnswer> {
  const { listing } = options;
  const names = directMethods(listing);
  const open = new Set([...names].filter((name) => requiredScope(listing, name) === "market:read"));
  const visible = new ToolVisibility(listing);
  const documents = new Documents(options);
  return (request, caller) => {
    const path = pathOf(request);
    const document = (make: () => Promise<JsonDocument>) => guarded(path, () => readable(request, make));
    if (path === "/v1/tools") return document(() => documents.list(visible.of(caller)));
    if (path === "/openapi.json") return document(() => documents.description(visible.of(caller)));
    const name = nameIn(path);
    if (name === undefined || !names.has(name)) return unknown(name);
    if (request.method !== "POST") return wrongMethod(request.method, "POST");
    return answerCall({ name, request, caller, isPrivate: !open.has(name) }, options);
  };
}

/** The answer; a failure is logged and answered with 500. */
function guarded(path: string, answer: () => Awaitable<HttpAnswer>): Awaitable<HttpAnswer> {
  return attempt(answer, (error) => {
    log.error("internal error", { during: "request", transport: "rest", path: path.slice(0, 100), error });
    return problemResponse({ code: "ERR_INTERNAL", message: "The server failed" });
  });
}

const TOOL_PATH = "/v1/tools/";

/** The tool in the path of a call. */
function nameIn(path: string): string | undefined {
  const name = path.startsWith(TOOL_PATH) ? path.slice(TOOL_PATH.length) : "";
  return name === "" || name.includes("/") ? undefined : name;
}

interface RestCall {
  readonly name: string;
  readonly request: HttpRequest;
  readonly caller: CallerFacts;
  /** Whether the answer is more than public market data. */
  readonly isPrivate: boolean;
}

function answerCall(call: RestCall, options: RestOptions): Awaitable<HttpAnswer> {
  const { maxBodySize: maxSize, bodyTimeoutMs: timeoutMs = 10_000, backend, clocks } = options;
  const body = readJsonBody(call.request, { maxSize, timeoutMs });
  const answer = (body: JsonBody) =>
    during(clocks, () => guarded(pathOf(call.request), () => answerBody(body, call, backend)));
  return whenAnswered(body, answer);
}

function answerBody(
  body: JsonBody,
  { name, request, caller, isPrivate }: RestCall,
  backend: RestOptions["backend"],
): Awaitable<HttpAnswer> {
  if (!body.ok) {
    return problemResponse({ code: BODY_CODES[body.status], message: body.message });
  }
  const { value: args = {} } = body;
  if (typeof args !== "object" || args === null || Array.isArray(args)) {
    const message = "Malformed body: expected an object of arguments";
    return problemResponse({ code: "ERR_BODY_INVALID", message });
  }
  const twice = isWriting(name) ? findDuplicateMember(body.text) : undefined;
  if (twice !== undefined) {
    const message = `Malformed body: a member is there twice: ${JSON.stringify(twice)}`;
    return problemResponse({ code: "ERR_BODY_INVALID", message });
  }
  const call = { name, args, caller, requestId: requestIdOf(request), cancellation: request };
  return whenAnswered(backend(), (backend) => {
    const outcome = runTool(backend, call);
    return outcome === undefined ? unknown(name) : whenAnswered(outcome, isPrivate ? privateAnswer : openAnswer);
  });
}

/** Caches store no response to POST unless it asks for it (RFC 9110, section 9.3.3); private data forbids it all the same. */
const openAnswer = answerWith({ "content-type": "application/json" });
const privateAnswer = answerWith({ "content-type": "application/json", "cache-control": "no-store" });

function answerWith(headers: Readonly<Record<string, string>>): (outcome: ToolOutcome) => HttpAnswer {
  return (outcome) => {
    if (!outcome.ok) return problemResponse(outcome.error);
    return new WholeAnswer(outcome.text?.json ?? JSON.stringify(outcome.value), headers);
  };
}

/** The request's id from its client or a proxy, if there is one. */
function requestIdOf(request: HttpRequest): string | undefined {
  const id = request.headers.get("x-request-id");
  return id !== null && /^[\w.:-]{1,64}$/.test(id) ? id : undefined;
}

const BODY_CODES = {
  400: "ERR_BODY_INVALID",
  408: "ERR_BODY_TIMEOUT",
  413: "ERR_BODY_TOO_LARGE",
  415: "ERR_CONTENT_TYPE",
} as const;

/**
 * The documents, made once for all callers with equal rights: they are the largest responses, and the cheapest to
 * request.
 */
class Documents {
  readonly #options: RestOptions;
  readonly #made = new WeakMap<VisibleTools, Map<string, Promise<JsonDocument>>>();

  constructor(options: RestOptions) {
    this.#options = options;
  }

  /** The tools of `GET /v1/tools`. */
  list(visible: VisibleTools): Promise<JsonDocument> {
    const make = () =>
      JsonDocument.of({ tools: visible.entries.map(({ group, scope, tool }) => ({ ...tool, group, scope })) });
    return this.#once(visible, { name: "list", make });
  }

  /** The description of `GET /openapi.json`, including the present authentication methods. */
  description(visible: VisibleTools): Promise<JsonDocument> {
    const { identity, credentials: known = () => [] } = this.#options;
    const credentials = known();
    const make = async () => {
      const { describeApi } = await import("../../protocol/openapi.ts");
      return await JsonDocument.of(describeApi({ identity, listing: visible.entries, credentials }));
    };
    return this.#once(visible, { name: `description ${credentials.join()}`, make });
  }

  #once(
    visible: VisibleTools,
    { name, make }: { name: string; make: () => Promise<JsonDocument> },
  ): Promise<JsonDocument> {
    const made = this.#made.get(visible) ?? new Map<string, Promise<JsonDocument>>();
    this.#made.set(visible, made);
    const document = made.get(name) ?? make();
    made.set(name, document);
    return document;
  }
}

async function readable(request: HttpRequest, document: () => Promise<JsonDocument>): Promise<Response> {
  const { method } = request;
  if (method !== "GET" && method !== "HEAD") return wrongMethod(method, "GET, HEAD");
  return (await document()).answer(request);
}

function wrongMethod(method: string, allow: string): Response {
  const message = `Method not allowed: expected ${allow}, not ${method.slice(0, 20)}`;
  return problemResponse({ code: "ERR_METHOD", message, headers: { allow } });
}

function unknown(name: string | undefined): Response {
  if (name === undefined) {
    return problemResponse({ code: "ERR_ROUTE_UNKNOWN", message: "There is nothing here: see /openapi.json" });
  }
  const message = `Unknown tool: ${JSON.stringify(name.slice(0, 100))}: see /v1/tools`;
  return problemResponse({ code: "ERR_TOOL_UNKNOWN", message });
}
