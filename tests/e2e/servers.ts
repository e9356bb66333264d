/** Servers of the program on the network, for tests that connect to them. */

import assert from "node:assert/strict";
import { readLines, runProgram, startProgram } from "./program.ts";
import type { Program, RunOptions } from "./program.ts";

const LONGEST_WAIT_MS = 120_000;

/** A running server, with its addresses. */
export interface RunningServer extends AsyncDisposable {
  /** `ws://localhost:PORT` or `wss://…`. */
  readonly ws: string;
  /** `http://localhost:PORT` or `https://…`. */
  readonly http: string;
  readonly child: Deno.ChildProcess;
  /** Waits until a line of stderr matches, including earlier lines. */
  said(pattern: RegExp): Promise<string>;
  /** Resolves when the server has written its last line. */
  readonly ended: Promise<void>;
  /** Every line of stderr so far. */
  readonly lines: readonly string[];
}

/** How a server differs from the default. */
export interface ServerOptions extends Pick<RunOptions, "env"> {
  /** @default "simulated" */
  readonly exchange?: string;
  /** @default 0, one that is free */
  readonly port?: number;
}

/** Starts a server on the simulated exchange and a free port; disposing ends it. */
export async function startServer(
  program: Program,
  args: readonly string[] = [],
  { exchange = "simulated", port = 0, ...options }: ServerOptions = {},
): Promise<RunningServer> {
  const all = ["--transport", "websocket", "--exchange", exchange, "--port", `${port}`, ...args];
  const child = startProgram(program, all, options);
  const lines: string[] = [];
  let more = Promise.withResolvers<void>();
  let hasEnded = false;
  const wake = () => {
    more.resolve();
    more = Promise.withResolvers<void>();
  };
  const reading = (async () => {
    for await (const line of readLines(child.stderr)) {
      lines.push(line);
      wake();
    }
    hasEnded = true;
    wake();
  })();
  async function said(pattern: RegExp): Promise<string> {
    let isOver = false;
    // A line that never comes fails its test instead of delaying all others.
    const limit = setTimeout(() => {
      isOver = true;
      wake();
    }, LONGEST_WAIT_MS);
    try {
      for (;;) {
        const found = lines.find((line) => pattern.test(line));
        if (found !== undefined) return found;
        if (isOver) throw new Error(`The server did not write ${pattern}: ${lines.join("\n")}`);
        if (hasEnded) throw new Error(`The server ended without ${pattern}: ${lines.join("\n")}`);
        await more.promise;
      }
    } finally {
      clearTimeout(limit);
    }
  }
  const ws = /--uri (\S+)$/.exec(await said(/^Try: .* --uri \S+$/))?.[1] ?? "";
  return {
    ws,
    http: ws.replace(/^ws/, "http"),
    child,
    said,
    ended: reading,
    lines,
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGTERM");
      } catch {
        // It has already ended.
      }
      await child.status;
      await reading;
      await child.stdout.cancel();
      await child.stdin.close().catch(() => {});
    },
  };
}

/** A folder with fresh certificates; disposing removes it. */
export async function createCerts(program: Program): Promise<{ dir: string; args: string[] } & AsyncDisposable> {
  const dir = await Deno.makeTempDir();
  const { code, stderr } = await runProgram(program, ["certs", "create", "--dir", dir, "--force"]);
  assert.equal(code, 0, stderr);
  return {
    dir,
    args: ["--ssl-cert", `${dir}/server.pem`, "--ssl-key", `${dir}/server-key.pem`],
    [Symbol.asyncDispose]: () => Deno.remove(dir, { recursive: true }),
  };
}
