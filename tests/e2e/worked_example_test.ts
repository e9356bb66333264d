/** The worked example of docs/trading.md in a terminal, run as it stands there, against a simulated exchange of its own. */

import assert from "node:assert/strict";
import type { Json } from "../support/exchange.ts";
import { inherited, readLines, SHIPPED } from "./program.ts";
import type { Program } from "./program.ts";

const ROOT = new URL("../..", import.meta.url).pathname;

/** What the page shows: a script, or a command with its output. */
type Part =
  | { readonly kind: "script"; readonly text: string }
  | { readonly kind: "command"; readonly command: string; readonly shown: readonly string[] }
  | { readonly kind: "answer"; readonly shown: readonly string[] };

/** What a command did. */
interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function readParts(): Promise<{ policy: string; parts: Part[] }> {
  const page = await Deno.readTextFile(`${ROOT}docs/trading.md`);
  const [policy = ""] = [...page.matchAll(/```json\n(\{\n {2}"default"[\s\S]*?)```/g)].map(([, json = ""]) => json);
  const [, section = ""] = page.split("## A worked example: in a terminal");
  const [example = ""] = section.split("\n## ");
  const parts = [...example.matchAll(/```(\w*)\n([\s\S]*?)```/g)].flatMap(([, language, text = ""]): Part[] => {
    if (language === "sh") return [{ kind: "script", text }];
    const [before = "", ...commands] = text.split(/^\$ /m);
    const answer: Part[] = before === "" ? [] : [{ kind: "answer", shown: linesOf(before) }];
    return [
      ...answer,
      ...commands.map((each): Part => {
        const [command = "", ...shown] = linesOf(each);
        return { kind: "command", command, shown };
      }),
    ];
  });
  return { policy, parts };
}

function linesOf(text: string): string[] {
  return text.trimEnd().split("\n");
}

/** A shell with the program in its path, whose settings last from one script to the next. */
class Terminal implements AsyncDisposable {
  readonly folder: string;
  #env: Record<string, string>;
  readonly #started: Deno.ChildProcess[] = [];
  /** Ids as they are here, by those of the page. */
  readonly #ids = new Map<string, string>();
  #waiting: { readonly id: string; readonly ended: Promise<Ended> } | undefined;

  private constructor(folder: string) {
    this.folder = folder;
    const { PATH = "", ...env } = inherited();
    this.#env = { ...env, PATH: `${folder}/bin:${PATH}` };
  }

  static async open({ command, args }: Program, policy: string): Promise<Terminal> {
    const folder = await Deno.makeTempDir();
    await Deno.mkdir(`${folder}/bin`);
    const at = (path: string) => path.startsWith("/") ? path : `${ROOT}${path}`;
    const program = [at(command), ...args].map((word) => word === "main.ts" ? at(word) : word)
      .flatMap((word) => word === "run" ? [word, "--config", `${ROOT}deno.json`] : [word]);
    const text = `#!/bin/sh\nexec ${program.map((word) => `'${word}'`).join(" ")} "$@"\n`;
    await Deno.writeTextFile(`${folder}/bin/luno-mcp-server`, text, { mode: 0o755 });
    await Deno.writeTextFile(`${folder}/policy.json`, policy, { mode: 0o600 });
    return new Terminal(folder);
  }

  /** Runs a script of the page; what it exports or sets counts from then on. */
  async script(text: string): Promise<void> {
    if (text.startsWith("luno-mcp-server simulator")) return await this.#startExchange(text);
    const { code, stdout, stderr } = await this.#run(`set -ae\n${this.#placed(text)}\nenv -0`).ended;
    assert.equal(code, 0, stderr);
    const pairs = stdout.split("\0").filter((row) => row !== "").map((row) => row.split(/=(.*)/s));
    this.#env = Object.fromEntries(pairs.map(([name = "", value = ""]) => [name, value]));
  }

  /** Runs a command of the page and holds what it did against what is shown. */
  async command(command: string, shown: readonly string[], next: Part | undefined): Promise<void> {
    const started = this.#run(this.#placed(command));
    const approval = await started.approval;
    if (approval !== undefined) {
      this.#waiting = { id: approval, ended: started.ended };
      const sample = /approve ([0-9a-f]+)$/m.exec(shown.join("\n"))?.[1];
      if (sample !== undefined) this.#ids.set(sample, approval);
      if (next?.kind === "command" && next.command.includes(" approve ")) return;
      const approved = await this.#run(`luno-mcp-server approve ${approval}`).ended;
      assert.equal(approved.code, 0, approved.stderr);
      return await this.answer(shown);
    }
    this.#compare(command, await started.ended, shown);
  }

  /** What the command answers that was waiting for a person. */
  async answer(shown: readonly string[]): Promise<void> {
    assert.ok(this.#waiting !== undefined, `nothing waits for ${shown.join()}`);
    const { ended } = this.#waiting;
    this.#waiting = undefined;
    this.#compare("call place_order", await ended, shown);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#started) {
      child.kill("SIGTERM");
      await child.status;
    }
    await Deno.remove(this.folder, { recursive: true });
  }

  #placed(text: string): string {
    let placed = text.replace("http://127.0.0.1:9000", this.#env["SIMULATOR_URL"] ?? "");
    for (const [sample, actual] of this.#ids) placed = placed.replaceAll(sample, actual);
    return placed;
  }

  async #startExchange(text: string): Promise<void> {
    const [command, ...args] = text.trim().replace("--port 9000", "--port 0").split(" ");
    const child = new Deno.Command("sh", {
      args: ["-c", `exec ${[command, ...args].join(" ")}`],
      ...this.#options(),
      stderr: "null",
    }).spawn();
    this.#started.push(child);
    for await (const line of readLines(child.stdout)) {
      const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? [];
      if (url !== undefined) return void (this.#env = { ...this.#env, SIMULATOR_URL: url });
    }
    assert.fail("the simulated exchange did not start");
  }

  #run(script: string): { ended: Promise<Ended>; approval: Promise<string | undefined> } {
    const child = new Deno.Command("sh", { args: ["-c", script], ...this.#options() }).spawn();
    const { promise: approval, resolve } = Promise.withResolvers<string | undefined>();
    const stderr = (async () => {
      let text = "";
      for await (const line of readLines(child.stderr)) {
        text += `${line}\n`;
        const [, id] = /luno-mcp-server approve ([0-9a-f]+)"$/.exec(line) ?? [];
        if (id !== undefined) resolve(id);
      }
      resolve(undefined);
      return text;
    })();
    const ended = Promise.all([child.status, new Response(child.stdout).text(), stderr])
      .then(([{ code }, stdout, stderr]) => ({ code, stdout, stderr }));
    return { ended, approval };
  }

  #options() {
    return { cwd: this.folder, env: this.#env, clearEnv: true, stdout: "piped", stderr: "piped" } as const;
  }

  #compare(command: string, { code, stdout, stderr }: Ended, shown: readonly string[]): void {
    const isRefused = shown.some((line) => line.startsWith("error "));
    assert.equal(code, isRefused ? 1 : 0, `${command}: ${stdout} ${stderr}`);
    if (command.includes(" show ")) {
      const events = shown.flatMap((line) => /^\d+ +\S+ +([A-Z_]+) /.exec(line)?.[1] ?? []);
      assert.ok(events.length > 4);
      for (const event of events) assert.ok(stdout.toUpperCase().includes(event), `${command}: ${event}`);
      return;
    }
    if (!command.includes(" call ") && !command.startsWith("call ")) return;
    const answer: Json = JSON.parse(stdout);
    for (const line of shown.filter((line) => !line.startsWith("…"))) this.#compareField(command, line, answer);
  }

  #compareField(command: string, line: string, answer: Json): void {
    const [, name = "", value = ""] = /^(\w+) +(\S.*)$/.exec(line) ?? [];
    assert.ok(Object.hasOwn(answer, name), `${command}: the page shows ${line}, there is ${JSON.stringify(answer)}`);
    if (name === "order_id" || name === "client_order_id") {
      const known = this.#ids.get(value);
      if (known === undefined) this.#ids.set(value, answer[name]);
      else assert.equal(answer[name], known, `${command}: ${name}`);
    } else if (name === "error") {
      assert.equal(answer.error.code, JSON.parse(value).code);
    } else if (["status", "placeable", "repeated", "filled_volume", "unfilled_volume"].includes(name)) {
      assert.equal(String(answer[name]), value, `${command}: ${name}`);
    }
  }
}

for (const program of SHIPPED) {
  Deno.test(`the worked example of docs/trading.md does what the page says (${program.name})`, async () => {
    const { policy, parts } = await readParts();
    assert.ok(parts.length > 12, String(parts.length));
    await using terminal = await Terminal.open(program, policy);
    for (const [index, part] of parts.entries()) {
      if (part.kind === "script") await terminal.script(part.text);
      else if (part.kind === "answer") await terminal.answer(part.shown);
      else await terminal.command(part.command, part.shown, parts[index + 1]);
    }
  });
}
