/** A minimal WebSocket server on `node:http` and `ws`; answers every message with a requested number of bytes. */

import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { answersOf } from "./bare_answer.ts";

const answer = answersOf(Number(Deno.args[0] ?? 0));

const server = createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
sockets.on("connection", (socket) => {
  socket.on("message", (data) => {
    const text = answer(String(data));
    if (text !== undefined) socket.send(text);
  });
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  const port = typeof address === "object" ? address?.port : address;
  Deno.stdout.write(new TextEncoder().encode(`${port}\n`));
});
