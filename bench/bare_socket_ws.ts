/** The least that a WebSocket server on `node:http` and `ws` can be; answers every message with as many bytes as asked for. */

import { createServer } from "node:http";
import { WebSocketServer } from "ws";

const text = "x".repeat(Number(Deno.args[0] ?? 0));

const server = createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
sockets.on("connection", (socket) => {
  socket.on(
    "message",
    (data) => socket.send(JSON.stringify({ jsonrpc: "2.0", id: JSON.parse(String(data)).id, result: { text } })),
  );
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  const port = typeof address === "object" ? address?.port : address;
  Deno.stdout.write(new TextEncoder().encode(`${port}\n`));
});
