/** The MCP server that the conformance suite expects: its tools, resources and prompts in place of the catalogue. */

import { McpServer } from "@modelcontextprotocol/server";
import type { Server } from "@modelcontextprotocol/server";
import { addAskingTools, STATE } from "./asking_tools.ts";
import { addContentTools } from "./content_tools.ts";
import { addDocuments } from "./documents.ts";
import { addTalkingTools } from "./talking_tools.ts";

/** Makes the server of one connection. */
export function createFixtureServer(): Server {
  const list = { ttlMs: 60_000, cacheScope: "private" as const };
  const server = new McpServer({ name: "conformance-fixtures", version: "1.0.0" }, {
    capabilities: { tools: {}, resources: { subscribe: true }, prompts: {}, completions: {}, logging: {} },
    cacheHints: { "tools/list": list, "prompts/list": list, "resources/list": list, "resources/templates/list": list },
    requestState: { verify: STATE.verify },
  });
  addContentTools(server);
  addTalkingTools(server);
  addAskingTools(server);
  addDocuments(server);
  return server.server;
}
