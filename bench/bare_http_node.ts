/** A minimal HTTP server on `node:http`; answers every request with a requested number of bytes. */

import { Buffer } from "node:buffer";
import { createServer } from "node:http";
import { httpAnswersOf } from "./bare_answer.ts";

const answer = httpAnswersOf(Number(Deno.args[0] ?? 0));

const server = createServer((incoming, outgoing) => {
  let body = "";
  incoming.setEncoding("utf8");
  incoming.on("data", (text) => body += text);
  incoming.on("end", () => {
    const text = answer(body);
    outgoing.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
    outgoing.end(text);
  });
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  const port = typeof address === "object" ? address?.port : address;
  Deno.stdout.write(new TextEncoder().encode(`${port}\n`));
});
