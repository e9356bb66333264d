/** The official v1 client over WebSocket, as a program: writes how many tools the server at the address offers. */

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { WebSocketClientTransport } from "@modelcontextprotocol/sdk/client/websocket.js";

const client = new Client({ name: "v1", version: "1" });
await client.connect(new WebSocketClientTransport(new URL(Deno.args[0] ?? "")));
const { tools } = await client.listTools();
await Deno.stdout.write(new TextEncoder().encode(`${tools.length}\n`));
await client.close();
