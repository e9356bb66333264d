/**
 * The MCP server of one connection: tools, resources, prompts and completions from the catalogue.
 *
 * Every connection has its own server object; everything expensive is created once, when first needed. Revisions and
 * framing are left to the SDK and the transport.
 */

import { ProtocolError } from "@modelcontextprotocol/server";
import type { Server, ServerContext, ServerOptions } from "@modelcontextprotocol/server";
import { getLogger } from "../logging/logger.ts";
import type { CallerFacts } from "../access/caller.ts";
import { AnsweringServer } from "./answering_server.ts";
import type { Backend } from "./backend_port.ts";
import { DIALOG_OPTIONS, readAsking, showDialog, verifyState } from "./dialogs.ts";
import type { ListingEntry } from "./listing.ts";
import { CAPABILITIES, instructionsFor, LIST_CACHE, LISTS, serverInfoOf } from "./offer.ts";
import type { ServerIdentity, View } from "./offer.ts";
import { ToolVisibility } from "./visible_tools.ts";
import { runTool, toResult, unknownTool } from "./tool_answer.ts";

const log = getLogger(["luno-mcp-server", "protocol"]);

/** Parts of the servers. */
export interface ServerParts {
  readonly identity: ServerIdentity;
  readonly listing: readonly ListingEntry[];
  /** Opened when first needed, once for all connections, so that a start costs only what it needs. */
  readonly backend: () => Promise<Backend>;
}

/** Returns the caller of a request. */
export type CallerOf = (request: ServerContext) => CallerFacts;

/** Creates the server of one connection. */
export type ServerFactory = (callerOf: CallerOf) => Server;

/** Returns a factory that gives every connection its own server. */
export function createServerFactory({ identity, listing, backend }: ServerParts): ServerFactory {
  const visible = new ToolVisibility(listing);
  const options: ServerOptions = {
    capabilities: CAPABILITIES,
    instructions: instructionsFor(listing),
    cacheHints: Object.fromEntries(Object.keys(LISTS).map((method) => [method, LIST_CACHE])),
  };
  return (callerOf) => {
    const requestState = { verify: verifyState };
    const server = new AnsweringServer(serverInfoOf(identity), { ...options, ...DIALOG_OPTIONS, requestState });
    server.onerror = (error) => log.debug("protocol error", { error: error.message });
    server.setRequestHandler("tools/call", async ({ params }, context) => {
      const { mcpReq: cancellation } = context;
      const requestId = cancellation.id;
      const call = { name: params.name, args: params.arguments, cancellation, requestId, caller: callerOf(context) };
      const asking = readAsking(call, { server, context });
      const outcome = await runTool(await backend(), { ...call, asking });
      if (outcome?.ok === false && outcome.ask !== undefined) return showDialog(outcome.ask);
      if (outcome !== undefined) return toResult(outcome);
      const { code, message } = unknownTool(params.name);
      throw new ProtocolError(code, message);
    });
    const viewOf = (context: ServerContext): View => {
      const caller = callerOf(context);
      return { ...visible.of(caller), caller };
    };
    addLists(server, viewOf);
    addResources(server, { callerOf, backend });
    addPrompts(server, { callerOf, backend, viewOf });
    return server;
  };
}

/** Returns the part of the lists that a caller may see. */
type ViewOf = (request: ServerContext) => View;

function addLists(server: Server, viewOf: ViewOf): void {
  server.setRequestHandler("tools/list", (_, context) => LISTS["tools/list"](viewOf(context)));
  server.setRequestHandler("prompts/list", (_, context) => LISTS["prompts/list"](viewOf(context)));
  server.setRequestHandler("resources/list", (_, context) => LISTS["resources/list"](viewOf(context)));
  const templates = LISTS["resources/templates/list"];
  server.setRequestHandler("resources/templates/list", (_, context) => templates(viewOf(context)));
}

interface ReadParts extends Pick<ServerParts, "backend"> {
  readonly callerOf: CallerOf;
}

function addResources(server: Server, { callerOf, backend }: ReadParts): void {
  server.setRequestHandler("resources/read", async ({ params }, request) => {
    const { contextOf, resources, run } = await backend();
    const { signal, id: requestId } = request.mcpReq;
    const context = { ...contextOf(callerOf(request)), ...resources, run, signal, requestId };
    return (await import("./resources.ts")).readResource(params.uri, context);
  });
}

function addPrompts(server: Server, { callerOf, backend, viewOf }: ReadParts & { readonly viewOf: ViewOf }): void {
  server.setRequestHandler("prompts/get", async ({ params: { name, arguments: args = {} } }, context) => {
    const { getPrompt } = await import("./prompts.ts");
    return getPrompt({ name, args, groups: viewOf(context).groups });
  });
  server.setRequestHandler("completion/complete", async ({ params }, request) => {
    const { contextOf } = await backend();
    const { signal } = request.mcpReq;
    return (await import("./completions.ts")).complete(params, { ...contextOf(callerOf(request)), signal });
  });
}
