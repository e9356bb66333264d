/** Which requests are safe to send a second time when it is not known whether the first one ran. */

import type { JSONRPCRequest } from "@modelcontextprotocol/client";
import { z } from "zod";

/** Methods of the protocol that change nothing, or that end with the connection. */
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

/** Tools that are remembered at most. */
const MAX_TOOLS = 1_000;

const ToolList = z.object({
  tools: z.array(z.looseObject({
    name: z.string(),
    annotations: z.looseObject({ readOnlyHint: z.boolean().optional(), idempotentHint: z.boolean().optional() })
      .optional(),
  })),
});

/** Learns from the lists of tools that pass by; what it has not seen is not safe. */
export class RepetitionRules {
  readonly #safeTools = new Set<string>();
  /** Those of them that change nothing at all. */
  readonly #readingTools = new Set<string>();

  /** Takes the result of a `tools/list`. */
  learn(result: unknown): void {
    for (const { name, annotations } of ToolList.safeParse(result).data?.tools ?? []) {
      const isReading = annotations?.readOnlyHint === true;
      note(this.#safeTools, name, isReading || annotations?.idempotentHint === true);
      note(this.#readingTools, name, isReading);
    }
  }

  /** Whether it changes nothing, so that nobody needs to be asked before it is sent again. */
  isReading(request: JSONRPCRequest): boolean {
    return isAmong(this.#readingTools, request);
  }

  /** A direct call names the tool as its method. */
  isSafe(request: JSONRPCRequest): boolean {
    return isAmong(this.#safeTools, request);
  }
}

function note(tools: Set<string>, name: string, is: boolean): void {
  if (!is) tools.delete(name);
  else if (tools.size < MAX_TOOLS) tools.add(name);
}

function isAmong(tools: ReadonlySet<string>, { method, params }: JSONRPCRequest): boolean {
  if (method !== "tools/call") return READING_METHODS.has(method) || tools.has(method);
  return typeof params?.name === "string" && tools.has(params.name);
}
