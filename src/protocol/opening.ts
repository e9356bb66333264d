/**
 * How one connection was opened, and answers without the SDK: openings, pings and lists. The rules are the SDK's own:
 * `initialize`, or any message without a revision, makes it a connection of an earlier revision; a request of
 * 2026-07-28 makes it one of that revision. Invalid openings have no effect and are left to the SDK.
 */

import type { JSONRPCMessage, JSONRPCRequest } from "@modelcontextprotocol/server";
import type { CallerFacts } from "../access/caller.ts";
import { claimedRevision, CLIENT_CAPABILITIES_KEY, MODERN_REVISION, REVISION_KEY } from "./envelope.ts";
import type { Era } from "./envelope.ts";
import type { ReadyAnswers } from "./ready_answers.ts";

/** A message for the SDK, without its id. */
export type ToldMessage = Omit<JSONRPCRequest, "id">;

const MODERN_PARAMS = { _meta: { [REVISION_KEY]: MODERN_REVISION, [CLIENT_CAPABILITIES_KEY]: {} } };

/** The opening of one connection. */
export class Opening {
  readonly #answers: ReadyAnswers | undefined;
  readonly #caller: CallerFacts;
  /** `undefined` until the first message decides. */
  #era: Era | undefined;
  #isDiscovered = false;
  #initialize: ToldMessage | undefined;
  #isInitialized = false;
  #isTold = false;

  /** Without `answers` everything is left to the SDK. */
  constructor(answers: ReadyAnswers | undefined, caller: CallerFacts) {
    this.#answers = answers;
    this.#caller = caller;
  }

  /** The result of a request with valid parameters, as JSON; `undefined` when it is not answered here. */
  answer({ method, params, jsonrpc }: JSONRPCRequest): string | undefined {
    const answers = this.#answers;
    const era = this.eraOf(params);
    if (answers === undefined || era === undefined) return undefined;
    const isInitialize = method === "initialize" && era === "legacy";
    // The SDK must see an opening that comes after it started.
    if (this.#isTold && (isInitialize || method === "server/discover")) return undefined;
    if (!isInitialize && !answers.has(method, era)) return undefined;
    if (method === "server/discover") this.#isDiscovered = true;
    else this.#era = era;
    if (!isInitialize) return answers.answer(method, era, this.#caller);
    this.#initialize = { jsonrpc, method, params };
    return answers.initialize(params?.protocolVersion);
  }

  /** The protocol revision for answering a request with valid parameters; `undefined` when the SDK decides. */
  eraOf(params: unknown): Era | undefined {
    const claimed = claimedRevision(params);
    const era = claimed === undefined ? "legacy" : claimed === MODERN_REVISION ? "modern" : undefined;
    // A message that decides goes to the SDK, once that is loaded.
    return this.#era === era || this.#era === undefined && !this.#isTold ? era : undefined;
  }

  /**
   * Takes a request of a known revision that is answered elsewhere; it opens the connection as it would for the SDK.
   */
  open(era: Era): void {
    this.#era ??= era;
  }

  /** Takes a notification or a response; returns whether the SDK must see it. */
  hear(message: JSONRPCMessage): boolean {
    if ("method" in message) this.#pinBy(message.method, message.params, { isRequest: false });
    if ("method" in message && message.method === "notifications/initialized") this.#isInitialized = true;
    return this.#isTold;
  }

  /** Takes a request that the SDK answers. */
  pass({ method, params }: JSONRPCRequest): void {
    this.#pinBy(method, params, { isRequest: true });
  }

  /** The opening that was answered here, which the SDK must be given once, before its first message. */
  tell(): readonly ToldMessage[] {
    this.#isTold = true;
    const initialized = { jsonrpc: "2.0" as const, method: "notifications/initialized" };
    if (this.#initialize !== undefined) return [this.#initialize, ...(this.#isInitialized ? [initialized] : [])];
    if (this.#era === "legacy") return [{ jsonrpc: "2.0", method: "ping" }];
    if (this.#era === "modern") return [{ jsonrpc: "2.0", method: "ping", params: MODERN_PARAMS }];
    return this.#isDiscovered ? [{ jsonrpc: "2.0", method: "server/discover", params: MODERN_PARAMS }] : [];
  }

  /** Records how a message for the SDK opens the connection. */
  #pinBy(method: string, params: unknown, { isRequest }: { isRequest: boolean }): void {
    const claimed = claimedRevision(params);
    const isDiscovery = method === "server/discover" && isRequest;
    // Before the SDK started, discoveries are answered here, and those that are left to it are invalid.
    if (isDiscovery && this.#isTold && claimed === MODERN_REVISION) this.#isDiscovered = true;
    const isProbe = isDiscovery || !isRequest && this.#isDiscovered;
    const isEarlier = method === "initialize" && typeof claimed === "string" && claimed < MODERN_REVISION;
    if (claimed === undefined || isEarlier) this.#era ??= "legacy";
    else if (claimed === MODERN_REVISION && !isProbe) this.#era ??= "modern";
  }
}
