/** Real MCP clients on the server, over a transport in memory. */

import { Client, InMemoryTransport } from "@modelcontextprotocol/client";
import type { ClientOptions, ElicitResult } from "@modelcontextprotocol/client";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { listingOf } from "../../src/protocol/listing.ts";
import { createServerFactory } from "../../src/protocol/mcp_server.ts";
import { callTool } from "../../src/protocol/tool_call.ts";
import { selectTools } from "../../src/tools/catalogue.ts";
import type { ToolContext, ToolGroup } from "../../src/tools/tool.ts";

/** The protocol's eras, as a client asks for them. */
export const ERAS = {
  "2025-11-25": { mode: "legacy" },
  "2026-07-28": { mode: { pin: "2026-07-28" } },
} as const satisfies Record<string, ClientOptions["versionNegotiation"]>;

/** The version of the protocol that a test speaks. */
export type Era = keyof typeof ERAS;

/** What a server says where a test does not care. */
export interface ServerSettings {
  readonly era?: Era;
  readonly config?: Record<string, unknown>;
  /** Groups of tools that are offered; all by default. */
  readonly groups?: readonly ToolGroup[];
  /** Answers the dialogs that the client is asked to show; without it the client can show none. */
  readonly dialog?: Dialog;
}

/** The person in front of a client. */
export type Dialog = (message: string) => ElicitResult | Promise<ElicitResult>;

/** A client that is connected to a server of its own; disposing ends both. */
export async function connectClient(
  context: ToolContext,
  { era = "2026-07-28", config = {}, groups = ["market", "account", "server"], dialog }: ServerSettings = {},
): Promise<Client & AsyncDisposable> {
  const { signal: _perCall, caller, ...rest } = context;
  const tools = selectTools(groups);
  const shared = { ...rest, server: { ...rest.server, tools: tools.listed } };
  const [clientSide, serverSide] = InMemoryTransport.createLinkedPair();
  const createServer = createServerFactory({
    identity: shared.server,
    listing: listingOf(groups),
    backend: () =>
      Promise.resolve({
        tools,
        contextOf: (caller) => ({ ...shared, caller }),
        exchange: shared.exchange,
        resources: { config, uptimeMs: () => 1_234.5 },
        run: callTool,
        watch: { of: () => Promise.resolve(undefined) },
      }),
  });
  const handle = serveStdio(() => createServer(() => caller), { transport: serverSide });
  const capabilities = dialog === undefined ? {} : { elicitation: {} };
  const client = new Client({ name: "test", version: "1.0.0" }, { versionNegotiation: ERAS[era], capabilities });
  if (dialog !== undefined) {
    client.setRequestHandler("elicitation/create", async ({ params }) => await dialog(params.message));
  }
  await client.connect(clientSide);
  return Object.assign(client, {
    async [Symbol.asyncDispose](): Promise<void> {
      await client.close();
      await handle.close();
    },
  });
}
