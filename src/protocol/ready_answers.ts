/**
 * Answers that need no tool: openings and lists, as JSON with the same bytes as the SDK's. Each is created once for all
 * callers with the same rights.
 */

import type { CallerFacts } from "../access/caller.ts";
import { LEGACY_REVISIONS, MODERN_REVISION, SERVER_INFO_KEY } from "./envelope.ts";
import type { Era } from "./envelope.ts";
import type { ListingEntry } from "./listing.ts";
import { CAPABILITIES, instructionsFor, LIST_CACHE, LISTS, serverInfoOf } from "./offer.ts";
import type { ListMethod, ServerIdentity } from "./offer.ts";
import { ToolVisibility } from "./visible_tools.ts";

/** How long a server's description may be cached: not at all, as the next start may offer something else. */
const DISCOVERY_CACHE: CacheHint = { ttlMs: 0, cacheScope: "private" };

/** The answers of one server. */
export class ReadyAnswers {
  readonly #identity: ServerIdentity;
  readonly #instructions: string;
  readonly #visible: ToolVisibility;
  /** By method, revision and rights: as many as there are sets of scopes. */
  readonly #lists = new Map<string, string>();

  constructor({ identity, listing }: { readonly identity: ServerIdentity; readonly listing: readonly ListingEntry[] }) {
    this.#identity = identity;
    this.#instructions = instructionsFor(listing);
    this.#visible = new ToolVisibility(listing);
  }

  /** Whether requests of a method are answered here in a revision, without an opening before them. */
  has(method: string, era: Era): boolean {
    return isListMethod(method) || method === (era === "modern" ? "server/discover" : "ping");
  }

  /** The result of a request for which {@linkcode has} is true. */
  answer(method: string, era: Era, caller: CallerFacts): string {
    if (isListMethod(method)) return this.#list(method, era, caller);
    return method === "ping" ? "{}" : this.#discover();
  }

  /** The result of `initialize`, in the requested revision or else in the latest one. */
  initialize(requested: unknown): string {
    const protocolVersion = LEGACY_REVISIONS.find((revision) => revision === requested) ?? LEGACY_REVISIONS[0];
    const serverInfo = serverInfoOf(this.#identity);
    return JSON.stringify({
      protocolVersion,
      capabilities: CAPABILITIES,
      serverInfo,
      instructions: this.#instructions,
    });
  }

  /** The result of `server/discover`. */
  #discover(): string {
    const result = {
      supportedVersions: [MODERN_REVISION],
      capabilities: CAPABILITIES,
      instructions: this.#instructions,
    };
    return JSON.stringify({ ...result, ...modernMembers(this.#identity, DISCOVERY_CACHE) });
  }

  /** The result of a list, as a caller may see it now. */
  #list(method: ListMethod, era: Era, caller: CallerFacts): string {
    const visible = this.#visible.of(caller);
    const key = `${method} ${era} ${visible.rights}`;
    const known = this.#lists.get(key);
    if (known !== undefined) return known;
    const result = LISTS[method]({ ...visible, caller });
    const members = era === "modern" ? modernMembers(this.#identity, LIST_CACHE) : {};
    const text = JSON.stringify({ ...result, ...members });
    this.#lists.set(key, text);
    return text;
  }
}

interface CacheHint {
  /** In milliseconds. */
  readonly ttlMs: number;
  readonly cacheScope: "private";
}

function isListMethod(method: string): method is ListMethod {
  return Object.hasOwn(LISTS, method);
}

/** Members that every result of 2026-07-28 has in addition to its own; `cache` is part of cacheable ones. */
export function modernMembers(identity: ServerIdentity, cache?: CacheHint): Record<string, unknown> {
  return { resultType: "complete", ...cache, _meta: { [SERVER_INFO_KEY]: serverInfoOf(identity) } };
}
