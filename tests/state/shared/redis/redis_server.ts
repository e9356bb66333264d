/** A real Redis or Valkey, started by the test on a free port of loopback, with nothing kept on disk. */

import { join } from "node:path";
import type { TlsFiles } from "../../../../src/transport/listeners/listener.ts";

/** The server's program, whichever of the two is installed, in the place of the shell. */
const PROGRAM = 'if command -v redis-server >/dev/null; then exec redis-server "$0"; else exec valkey-server "$0"; fi';

/** A server, and what can happen to it. */
export interface RedisServer extends AsyncDisposable {
  /** `redis://127.0.0.1:PORT`. */
  readonly url: string;
  /** Runs a command as an operator would, without a password. */
  command(...words: readonly string[]): Promise<string>;
  /** It stands still, and goes on again. */
  freeze(): void;
  thaw(): void;
  /** It is gone, and comes back empty. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Starts one; `settings` are lines of its configuration. With a certificate it speaks TLS alone. */
export async function startRedis(
  { settings = [], tls }: { readonly settings?: readonly string[]; readonly tls?: TlsFiles } = {},
): Promise<RedisServer> {
  const dir = await Deno.makeTempDir({ prefix: "luno-mcp-redis-" });
  const port = freePort();
  const ports = tls === undefined ? [`port ${port}`] : ["port 0", `tls-port ${port}`, ...await tlsLines(dir, tls)];
  const lines = [...ports, "bind 127.0.0.1", 'save ""', "appendonly no", `dir ${dir}`, ...settings];
  await Deno.writeTextFile(join(dir, "redis.conf"), lines.join("\n"));
  let child: Deno.ChildProcess;
  let isRunning = false;
  const stop = async () => {
    if (isRunning) child.kill("SIGKILL");
    isRunning = false;
    await child.status;
  };
  const server: RedisServer = {
    url: `${tls === undefined ? "redis" : "rediss"}://127.0.0.1:${port}`,
    command: (...words) => askOnce(port, words),
    freeze: () => child.kill("SIGSTOP"),
    thaw: () => child.kill("SIGCONT"),
    stop,
    async start() {
      const args = ["-c", PROGRAM, join(dir, "redis.conf")];
      child = new Deno.Command("sh", { args, stdout: "piped", stderr: "null" }).spawn();
      isRunning = true;
      await untilReady(child.stdout);
    },
    async [Symbol.asyncDispose]() {
      await stop();
      await Deno.remove(dir, { recursive: true });
    },
  };
  await server.start();
  return server;
}

async function tlsLines(dir: string, { cert, key }: TlsFiles): Promise<string[]> {
  await Deno.writeTextFile(join(dir, "cert.pem"), cert);
  await Deno.writeTextFile(join(dir, "key.pem"), key);
  return [
    `tls-cert-file ${join(dir, "cert.pem")}`,
    `tls-key-file ${join(dir, "key.pem")}`,
    "tls-auth-clients no",
    `tls-ca-cert-file ${join(dir, "cert.pem")}`,
  ];
}

async function untilReady(stdout: ReadableStream<Uint8Array>): Promise<void> {
  let text = "";
  const [read, rest] = stdout.tee();
  void rest.pipeTo(new WritableStream()); // What it says later must not fill the pipe.
  for await (const chunk of read.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.includes("Ready to accept connections")) return;
  }
  throw new Error(`Redis did not start: ${text}`);
}

/** One command over a connection of its own; answers the first line of the reply. */
async function askOnce(port: number, words: readonly string[]): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const parts = words.map((word) => `$${new TextEncoder().encode(word).length}\r\n${word}\r\n`);
  await connection.write(new TextEncoder().encode(`*${words.length}\r\n${parts.join("")}`));
  const buffer = new Uint8Array(65_536);
  const length = await connection.read(buffer);
  return new TextDecoder().decode(buffer.subarray(0, length ?? 0));
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
