/** The least that a WebSocket server on `Deno.serve` can be; answers every message with as many bytes as asked for. */

const text = "x".repeat(Number(Deno.args[0] ?? 0));

const server = Deno.serve({
  port: 0,
  hostname: "127.0.0.1",
  onListen: ({ port }) => Deno.stdout.write(new TextEncoder().encode(`${port}\n`)),
}, (request) => {
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onmessage = ({ data }) =>
    socket.send(JSON.stringify({ jsonrpc: "2.0", id: JSON.parse(data).id, result: { text } }));
  return response;
});
await server.finished;
