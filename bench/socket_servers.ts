/** Network servers, this program's and bare ones, as processes. */

import { HEAP_FLAGS } from "../scripts/packaging/heap_flags.ts";

const deno = Deno.execPath();

/** A running server. */
export interface BenchServer extends AsyncDisposable {
  readonly address: string;
  readonly pid: number;
}

const WIDE = { "--rate-limit": "10000000", "--max-connections": "20000", "--max-connections-per-client": "20000" };

/** How a server differs from the default. */
export interface OursOptions {
  /** @default "simulated" */
  readonly exchange?: string;
  /** @default {} */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Precedes the command.
   *
   * @default nothing
   */
  readonly wrapper?: readonly string[];
  /**
   * Flags of the runtime.
   *
   * @default none
   */
  readonly flags?: readonly string[];
}

/** Starts this program's server with limits out of the way, except those in `args`. */
export async function startOurs(
  listener: string,
  args: readonly string[] = [],
  { exchange = "simulated", env = {}, wrapper = [], flags = [] }: OursOptions = {},
): Promise<BenchServer> {
  const wide = Object.entries(WIDE).filter(([flag]) => !args.includes(flag)).flat();
  const permissions = [HEAP_FLAGS, ...flags, "--quiet", "--no-prompt", "-P=serve"];
  const command = ["run", ...permissions, "main.ts", "--transport", "websocket", "--exchange", exchange];
  const [program = deno, ...before] = [...wrapper, deno];
  const child = new Deno.Command(program, {
    args: [...before, ...command, "--port", "0", "--listener", listener, "--stats-interval", "0", ...wide, ...args],
    env,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const address = await firstMatch(child.stderr, /--uri (\S+)/);
  return running(child, address);
}

/** Creates certificates in `dist/`: the flags to serve with them, and clients that trust them, one with its own. */
export async function createCertificates(): Promise<BenchCertificates> {
  const dir = "dist/bench-certs";
  await runOurs(["certs", "create", "--dir", dir, "--client", "bench", "--force"]);
  const read = (name: string) => Deno.readTextFile(`${dir}/${name}.pem`);
  const [ca, cert, key] = await Promise.all([read("ca"), read("client"), read("client-key")]);
  return {
    args: ["--ssl-cert", `${dir}/server.pem`, "--ssl-key", `${dir}/server-key.pem`],
    clientAuthorities: `${dir}/ca.pem`,
    client: Deno.createHttpClient({ caCerts: [ca] }),
    certified: Deno.createHttpClient({ caCerts: [ca], cert, key }),
    pem: { ca, cert, key },
  };
}

/** Certificates of a run; the client's names `urn:luno-mcp:client:bench`. */
export interface BenchCertificates {
  readonly args: readonly string[];
  /** File of the authority that signed the client's certificate. */
  readonly clientAuthorities: string;
  readonly client: Deno.HttpClient;
  readonly certified: Deno.HttpClient;
  readonly pem: { readonly ca: string; readonly cert: string; readonly key: string };
}

/** Runs a command of this program to its end; returns its output. */
export async function runOurs(args: readonly string[]): Promise<string> {
  const command = ["run", "--quiet", "--no-prompt", "-P=serve", "main.ts", ...args];
  const { success, stdout, stderr } = await new Deno.Command(deno, { args: command }).output();
  if (success) return new TextDecoder().decode(stdout).trim();
  throw new Error(`Cannot run ${args.slice(0, 2).join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

/** Writes a file that only its owner can read, which the measurements themselves have no permission to do. */
export async function writePrivate(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(path, text, { mode: 0o600 });
}

const BARE = {
  socket: { native: "bench/bare_socket_native.ts", hardened: "bench/bare_socket_ws.ts" },
  http: { native: "bench/bare_http_native.ts", hardened: "bench/bare_http_node.ts" },
} as const;

/** Starts the bare server of a listener, for WebSockets or for requests; every answer has `size` bytes. */
export async function startBare(
  listener: string,
  size: number,
  kind: keyof typeof BARE = "socket",
): Promise<BenchServer> {
  const script = BARE[kind][listener === "native" ? "native" : "hardened"];
  const permissions = ["--allow-net=127.0.0.1", "--allow-env=WS_NO_BUFFER_UTIL,WS_NO_UTF_8_VALIDATE"];
  const child = new Deno.Command(deno, {
    args: ["run", "--quiet", "--no-prompt", ...permissions, script, String(size)],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  return running(child, `ws://127.0.0.1:${await firstMatch(child.stdout, /^(\d+)/)}`);
}

function running(child: Deno.ChildProcess, address: string): BenchServer {
  return {
    address,
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
    },
  };
}

/** Keeps reading in the background, so that the writer never blocks. */
async function firstMatch(stream: ReadableStream<Uint8Array>, pattern: RegExp): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  void (async () => {
    let said = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      said = (said + text).slice(-10_000);
      const found = pattern.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    }
    reject(new Error(`The server ended: ${said}`));
  })();
  return await promise;
}

/** Resident memory in MiB. */
export async function residentMiB(pid: number): Promise<number> {
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "rss=", "-p", String(pid)] }).output();
  return Number(new TextDecoder().decode(stdout)) / 1_024;
}

/** Open file descriptors. */
export async function openFiles(pid: number): Promise<number> {
  const { stdout } = await new Deno.Command("ls", { args: [`/proc/${pid}/fd`] }).output();
  return new TextDecoder().decode(stdout).trim().split("\n").length;
}
