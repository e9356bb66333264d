/** A minimal WebSocket server on `Deno.serve`; answers every message with a requested number of bytes. */

import { answersOf } from "./bare_answer.ts";

const answer = answersOf(Number(Deno.args[0] ?? 0));

const server = Deno.serve({
  port: 0,
  hostname: "127.0.0.1",
  onListen: ({ port }) => Deno.stdout.write(new TextEncoder().encode(`${port}\n`)),
}, (request) => {
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onmessage = ({ data }) => {
    const text = answer(data);
    if (text !== undefined) socket.send(text);
  };
  return response;
});
await server.finished;
