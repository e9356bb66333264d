/**
 * How one connection was opened, and what is answered on it without the SDK: openings, pings and lists. The rules are the
 * SDK's own: `initialize`, or any message without a revision, makes it a connection of the years before; a request of
 * 2026-07-28 one of that revision. Messages that are no good opening change nothing and are left to the SDK.
 */

import type { JSONRPCMessage, JSONRPCRequest } from "@modelcontextprotocol/server";
import type { CallerFacts } from "../access/caller.ts";
import { claimedRevision, CLIENT_CAPABILITIES_KEY, MODERN_REVISION, REVISION_KEY } from "./envelope.ts";
import type { Era } from "./envelope.ts";
import type { ReadyAnswers } from "./ready_answers.ts";

/** A message that is told to the SDK, without its id. */
export type ToldMessage = Omit<JSONRPCRequest, "id">;

const MODERN_PARAMS = { _meta: { [REVISION_KEY]: MODERN_REVISION, [CLIENT_CAPABILITIES_KEY]: {} } };

/** The opening of one connection. */
export class Opening {
  readonly #answers: ReadyAnswers | undefined;
  readonly #caller: CallerFacts;
  /** `undefined` until a message has decided. */
  #era: Era | undefined;
  #isDiscovered = false;
  #initialize: ToldMessage | undefined;
  #isInitialized = false;
  #isTold = false;

  /** Without `answers` all is left to the SDK. */
  constructor(answers: ReadyAnswers | undefined, caller: CallerFacts) {
    this.#answers = answers;
    this.#caller = caller;
  }

  /** The result of a request as JSON, or `undefined` where it is not answered here. Its parameters are valid. */
  answer({ method, params, jsonrpc }: JSONRPCRequest): string | undefined {
    const answers = this.#answers;
    const era = this.eraOf(params);
    if (answers === undefined || era === undefined) return undefined;
    const isInitialize = method === "initialize" && era === "legacy";
    // An opening that comes late is one more thing that the SDK has to know.
    if (this.#isTold && (isInitialize || method === "server/discover")) return undefined;
    if (!isInitialize && !answers.has(method, era)) return undefined;
    if (method === "server/discover") this.#isDiscovered = true;
    else this.#era = era;
    if (!isInitialize) return answers.answer(method, era, this.#caller);
    this.#initialize = { jsonrpc, method, params };
    return answers.initialize(params?.protocolVersion);
  }

  /** The era in which a request with valid parameters is to be answered; `undefined` where that is the SDK's to say. */
  eraOf(params: unknown): Era | undefined {
    const claimed = claimedRevision(params);
    const era = claimed === undefined ? "legacy" : claimed === MODERN_REVISION ? "modern" : undefined;
    // What decides comes to the SDK once it is there.
    return this.#era === era || this.#era === undefined && !this.#isTold ? era : undefined;
  }

  /** Takes a request of a known era that others answer, which opens the connection as one for the SDK would. */
  open(era: Era): void {
    this.#era ??= era;
  }

  /** Takes a notification, or an answer; answers whether the SDK needs to hear of it. */
  hear(message: JSONRPCMessage): boolean {
    if ("method" in message) this.#pinBy(message.method, message.params, { isRequest: false });
    if ("method" in message && message.method === "notifications/initialized") this.#isInitialized = true;
    return this.#isTold;
  }

  /** Takes a request that the SDK answers. */
  pass({ method, params }: JSONRPCRequest): void {
    this.#pinBy(method, params, { isRequest: true });
  }

  /** What the SDK has to be told, once, before its first message: the opening that was answered here. */
  tell(): readonly ToldMessage[] {
    this.#isTold = true;
    const initialized = { jsonrpc: "2.0" as const, method: "notifications/initialized" };
    if (this.#initialize !== undefined) return [this.#initialize, ...(this.#isInitialized ? [initialized] : [])];
    if (this.#era === "legacy") return [{ jsonrpc: "2.0", method: "ping" }];
    if (this.#era === "modern") return [{ jsonrpc: "2.0", method: "ping", params: MODERN_PARAMS }];
    return this.#isDiscovered ? [{ jsonrpc: "2.0", method: "server/discover", params: MODERN_PARAMS }] : [];
  }

  /** Notices what a message for the SDK makes of the connection there. */
  #pinBy(method: string, params: unknown, { isRequest }: { isRequest: boolean }): void {
    const claimed = claimedRevision(params);
    const isProbe = method === "server/discover" && isRequest || !isRequest && this.#isDiscovered;
    const isEarlier = method === "initialize" && typeof claimed === "string" && claimed < MODERN_REVISION;
    if (claimed === undefined || isEarlier) this.#era ??= "legacy";
    else if (claimed === MODERN_REVISION && !isProbe) this.#era ??= "modern";
  }
}
