/** HAProxy, configured by the shipped file. */

import { lookUntil } from "../support/look_until.ts";

const SHIPPED_FILE = new URL("../../deploy/haproxy/haproxy.cfg", import.meta.url);

/** A running balancer. */
export interface Balancer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`; WebSockets are served there too. */
  readonly url: string;
  /** Disconnects every connection, and serves again. */
  restart(): Promise<void>;
}

/**
 * Starts HAProxy in front of servers on these ports with the shipped file: other addresses, and plain text towards the
 * clients.
 */
export async function startBalancer(ports: readonly number[]): Promise<Balancer> {
  const port = freePort();
  const lines = (await Deno.readTextFile(SHIPPED_FILE)).split("\n").filter((line) => !/^ {2}(bind|server) /.test(line));
  const bound = lines.flatMap((line) => line === "frontend clients" ? [line, `  bind 127.0.0.1:${port}`] : [line]);
  const servers = ports.map((server, index) => `  server s${index} 127.0.0.1:${server}`);
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/haproxy.cfg`, `${[...bound, ...servers].join("\n")}\n`);
  // Without the master process a signal ends it at once.
  const command = new Deno.Command("sh", {
    args: ["-c", 'exec haproxy -f "$0"', `${folder}/haproxy.cfg`],
    stdout: "null",
    stderr: "null",
  });
  let child = command.spawn();
  const end = async () => {
    child.kill("SIGTERM");
    await child.status;
  };
  const balancer: Balancer = {
    url: `http://127.0.0.1:${port}`,
    async restart() {
      await end();
      child = command.spawn();
      await untilBalanced(balancer);
    },
    async [Symbol.asyncDispose]() {
      await end();
      await Deno.remove(folder, { recursive: true });
    },
  };
  return balancer;
}

/** Waits until the balancer forwards requests. */
export async function untilBalanced({ url }: Balancer): Promise<void> {
  await lookUntil((status) => status === 200, () => statusOf(`${url}/healthz`), "HAProxy never served");
}

/** Status of the answer to a GET; 0 if there was none. */
export async function statusOf(url: string): Promise<number> {
  const response = await fetch(url).catch(() => undefined);
  await response?.body?.cancel();
  return response?.status ?? 0;
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
