/**
 * Runs the official conformance suite of the Model Context Protocol against the server in both revisions: `fixtures`
 * (this implementation with the suite's tools in place of the catalogue), `bridge` (the same over WebSocket) and
 * `product` (the server as it is). Expected failures are listed with their reasons in
 * `tests/conformance/expected_*.yaml`. Needs Node.js.
 */

import { stripVTControlCharacters } from "node:util";
import { serveHttpToStdio } from "../tests/conformance/http_to_stdio.ts";

const SUITE = "@modelcontextprotocol/conformance@0.2.0-alpha.12";

/** The oldest Node.js that the suite supports. */
const NODE = "node@22";

/** A server that has not announced its address by then is ended, in milliseconds. */
const START_MS = 60_000;

const REVISIONS = ["2025-11-25", "2026-07-28"];

const TARGETS: Readonly<Record<string, () => Promise<boolean>>> = {
  fixtures: runFixtures,
  bridge: runBridge,
  product: runProduct,
};

const chosen = Deno.args.length > 0 ? Deno.args : Object.keys(TARGETS);
const unknown = chosen.filter((name) => !Object.hasOwn(TARGETS, name));
if (unknown.length > 0) {
  await say(`Cannot run ${unknown.join(", ")}: expected ${Object.keys(TARGETS).join(", ")}`);
  Deno.exit(2);
}
let isGood = true;
for (const name of chosen) isGood = (await TARGETS[name]?.() ?? false) && isGood;
Deno.exit(isGood ? 0 : 1);

async function runFixtures(): Promise<boolean> {
  await using server = await startServer("tests/conformance/serve_fixtures.ts");
  return await runSuite("fixtures", `${server.http}/mcp`);
}

async function runBridge(): Promise<boolean> {
  await using server = await startServer("tests/conformance/serve_fixtures.ts");
  await using adapter = serveHttpToStdio(() =>
    deno(["-P=client", "main.ts", "bridge", server.http.replace("http", "ws")], { stderr: "inherit" }).spawn()
  );
  return await runSuite("bridge", adapter.url);
}

async function runProduct(): Promise<boolean> {
  await using server = await startServer("main.ts");
  return await runSuite("product", `${server.http}/mcp`);
}

/** Runs both revisions concurrently. */
async function runSuite(target: string, url: string): Promise<boolean> {
  const results = await Promise.all(REVISIONS.map((revision) => runRevision(target, { url, revision })));
  return results.every((isGood) => isGood);
}

async function runRevision(target: string, { url, revision }: { url: string; revision: string }): Promise<boolean> {
  const baseline = `tests/conformance/expected_${target}_${revision}.yaml`;
  const suite = ["-y", "-p", NODE, "-p", SUITE, "conformance", "server", "--url", url, "--requirements", revision];
  const expected = await exists(baseline) ? ["--expected-failures", baseline] : [];
  const { code, stdout, stderr } = await new Deno.Command("npx", { args: [...suite, ...expected] }).output();
  const text = stripVTControlCharacters(new TextDecoder().decode(stdout));
  const summary = text.slice(text.indexOf("=== SUMMARY"));
  const isGood = code === 0 && summary.includes("\nTotal: ");
  await say(`conformance ${target} ${revision}: ${countsOf(summary)}, ${isGood ? "as expected" : "NOT as expected"}`);
  if (!isGood) await say(`${summary}\n${new TextDecoder().decode(stderr)}`);
  return isGood;
}

/** Counts checks that passed, and required checks that fail as the baseline says. */
function countsOf(summary: string): string {
  const [, passed = "0"] = /^Total: (\d+) passed/m.exec(summary) ?? [];
  return `${passed} checks passed, ${[...summary.matchAll(/^ {2}~ /gm)].length} required ones failed`;
}

/** Starts a server on the simulated exchange and a free port. */
async function startServer(script: string): Promise<{ http: string } & AsyncDisposable> {
  const child = deno(["-P=embedded", script, "--transport", "websocket", "--exchange", "simulated", "--port", "0"])
    .spawn();
  const lines = child.stdout.cancel().then(() => child.stderr.pipeThrough(new TextDecoderStream()));
  const reader = (await lines).getReader();
  let said = "";
  let port: string | undefined;
  const patience = setTimeout(() => child.kill("SIGKILL"), START_MS);
  while (port === undefined) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`The server ended: ${said}`);
    port = /localhost:(\d+)/.exec(said += value)?.[1];
  }
  clearTimeout(patience);
  const draining = (async () => {
    while (!(await reader.read()).done);
  })();
  return {
    http: `http://localhost:${port}`,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
      await draining;
    },
  };
}

function deno(args: readonly string[], options: { stderr: "inherit" | "piped" } = { stderr: "piped" }): Deno.Command {
  const all = ["run", "--quiet", "--no-prompt", ...args];
  return new Deno.Command(Deno.execPath(), { args: all, stdin: "piped", stdout: "piped", ...options });
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function say(line: string): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(`${line}\n`));
}
