/** A minimal HTTP server on `Deno.serve`; answers every request with a requested number of bytes. */

import { httpAnswersOf } from "./bare_answer.ts";

const answer = httpAnswersOf(Number(Deno.args[0] ?? 0));

const server = Deno.serve({
  port: 0,
  hostname: "127.0.0.1",
  onListen: ({ port }) => Deno.stdout.write(new TextEncoder().encode(`${port}\n`)),
}, async (request) => new Response(answer(await request.text()), { headers: { "content-type": "application/json" } }));
await server.finished;
