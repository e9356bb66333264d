/** nginx, configured by the shipped file. */

import { lookUntil } from "../support/look_until.ts";
import { statusOf } from "./haproxy.ts";
import type { Balancer } from "./haproxy.ts";

/** A balancer that does not check whether servers are ready, but is configured. */
export interface NginxBalancer extends Balancer {
  /** Sends no new client to a server, by its index, or sends them again. */
  setDown(place: number, isDown: boolean): Promise<void>;
}

const SHIPPED_FILE = new URL("../../deploy/nginx/luno.conf", import.meta.url);

/** nginx's own file, with everything in one folder. */
const MAIN_FILE = `
daemon off;
worker_processes 2;
pid nginx.pid;
error_log stderr warn;
events { worker_connections 4000; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  include luno.conf;
}
`;

/** The shipped file with other addresses, plain text towards the clients, and a number that identifies it. */
async function configuration(
  port: number,
  { ports, down, count }: {
    readonly ports: readonly number[];
    readonly down: ReadonlySet<number>;
    readonly count: number;
  },
): Promise<string> {
  const shipped = (await Deno.readTextFile(SHIPPED_FILE)).split("\n").filter((line) => !/^ {2}ssl_/.test(line));
  const lines = shipped.map((line) => {
    const server = /^ {2}server 10\.0\.0\.1(\d):8765(.*);$/.exec(line);
    if (server === null) return line;
    const place = Number(server[1]) - 1;
    return `  server 127.0.0.1:${ports[place]}${server[2]}${down.has(place) ? " down" : ""};`;
  });
  return lines.join("\n")
    .replace("listen 443 ssl;", `listen 127.0.0.1:${port};\n  location = /count { return 200 ${count}; }`)
    .replace("server_name luno.team.example;", "");
}

/** Starts nginx before three servers on these ports. */
export async function startNginx(ports: readonly number[]): Promise<NginxBalancer> {
  const port = freePort();
  const down = new Set<number>();
  let count = 0;
  const folder = await Deno.makeTempDir();
  const configure = async () =>
    await Deno.writeTextFile(`${folder}/luno.conf`, await configuration(port, { ports, down, count: ++count }));
  await configure();
  await Deno.writeTextFile(`${folder}/nginx.conf`, MAIN_FILE);
  const command = new Deno.Command("sh", {
    args: ["-c", 'exec nginx -p "$0" -c nginx.conf', folder],
    stdout: "null",
    stderr: "null",
  });
  let child = command.spawn();
  const end = async () => {
    child.kill("SIGTERM");
    await child.status;
  };
  const url = `http://127.0.0.1:${port}`;
  const balancer: NginxBalancer = {
    url,
    async setDown(place, isDown) {
      if (isDown) down.add(place);
      else down.delete(place);
      await configure();
      child.kill("SIGHUP");
      const isNew = (found: string) => found === String(count);
      await lookUntil(isNew, async () => await (await fetch(`${url}/count`)).text(), "nginx never read its file again");
    },
    async restart() {
      await end();
      child = command.spawn();
      await untilServed(balancer);
    },
    async [Symbol.asyncDispose]() {
      await end();
      await Deno.remove(folder, { recursive: true });
    },
  };
  await untilServed(balancer);
  return balancer;
}

async function untilServed({ url }: Balancer): Promise<void> {
  await lookUntil((status) => status === 200, () => statusOf(`${url}/healthz`), "nginx never served");
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
