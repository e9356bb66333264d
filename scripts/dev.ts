/**
 * Serves WebSocket and HTTP on the simulated exchange, and restarts when a file of the program changes. The runtime's
 * own `--watch` keeps watching after a signal has ended the program.
 */

const ARGS = ["run", "--quiet", "--no-prompt", "-P=embedded", "main.ts", "--transport", "websocket"];

/** Files change several at a time. */
const SETTLE_MS = 200;

const ended = Promise.withResolvers<"ended">();
const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT", "SIGBREAK"] : ["SIGINT", "SIGTERM", "SIGHUP"];
for (const signal of signals) Deno.addSignalListener(signal, () => ended.resolve("ended"));

using changes = Deno.watchFs(["main.ts", "src", "deno.json"]);
let changed = Promise.withResolvers<"changed">();
void watch();

while (await serveUntilChange() === "changed") await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
Deno.exit(0);

async function watch(): Promise<void> {
  for await (const { kind } of changes) if (kind !== "access") changed.resolve("changed");
}

/** Serves until a signal arrives or a file changes; after a server that ended by itself, waits for a change. */
async function serveUntilChange(): Promise<"ended" | "changed"> {
  changed = Promise.withResolvers();
  const args = [...ARGS, "--exchange", "simulated", ...Deno.args];
  const server = new Deno.Command(Deno.execPath(), { args, stdin: "null" }).spawn();
  const why = await Promise.race([ended.promise, changed.promise]);
  try {
    server.kill("SIGTERM");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // The process has already ended.
  }
  await server.status;
  return why;
}
