/** Which requests are safe to repeat when it is unknown whether the first one ran. */

import type { JSONRPCRequest } from "@modelcontextprotocol/client";
import { z } from "zod";

/** Protocol methods that change nothing, or whose effect ends with the connection. */
const READING_METHODS = new Set([
  "ping",
  "initialize",
  "server/discover",
  "tools/list",
  "resources/list",
  "resources/templates/list",
  "resources/read",
  "resources/subscribe",
  "resources/unsubscribe",
  "subscriptions/listen",
  "prompts/list",
  "prompts/get",
  "completion/complete",
  "logging/setLevel",
  "describe_capabilities",
]);

/** The most tools that are remembered. */
const MAX_TOOLS = 1_000;

const ToolList = z.object({
  tools: z.array(z.looseObject({
    name: z.string(),
    annotations: z.looseObject({ readOnlyHint: z.boolean().optional(), idempotentHint: z.boolean().optional() })
      .optional(),
  })),
});

/** Learns from the lists of tools that pass through; an unknown tool is not safe to repeat. */
export class RepetitionRules {
  readonly #safeTools = new Set<string>();
  /** Tools that change nothing at all. */
  readonly #readingTools = new Set<string>();

  /** Learns from the result of a `tools/list`. */
  learn(result: unknown): void {
    for (const { name, annotations } of ToolList.safeParse(result).data?.tools ?? []) {
      const isReading = annotations?.readOnlyHint === true;
      note(this.#safeTools, name, { isMember: isReading || annotations?.idempotentHint === true });
      note(this.#readingTools, name, { isMember: isReading });
    }
  }

  /** Whether it changes nothing, so that it may be repeated without asking. */
  isReading(request: JSONRPCRequest): boolean {
    return isAmong(this.#readingTools, request);
  }

  /** A direct call has the tool's name as its method. */
  isSafe(request: JSONRPCRequest): boolean {
    return isAmong(this.#safeTools, request);
  }
}

function note(tools: Set<string>, name: string, { isMember }: { readonly isMember: boolean }): void {
  if (!isMember) tools.delete(name);
  else if (tools.size < MAX_TOOLS) tools.add(name);
}

function isAmong(tools: ReadonlySet<string>, { method, params }: JSONRPCRequest): boolean {
  if (method !== "tools/call") return READING_METHODS.has(method) || tools.has(method);
  return typeof params?.name === "string" && tools.has(params.name);
}
