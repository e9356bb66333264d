/** `doctor` as people run it, against the real resolver and with the program's own permissions. */

import assert from "node:assert/strict";
import { runProgram, SHIPPED } from "./program.ts";
import { VERSION } from "../../src/version.ts";

for (const program of SHIPPED) {
  Deno.test(`${program.name}: doctor reports a host that cannot be resolved, and exits with code 1`, async () => {
    const { code, stdout, stderr } = await runProgram(program, ["doctor", "--api-url", "https://luno.invalid"]);
    const { ok, checks } = JSON.parse(stdout);
    assert.deepEqual([code, ok, stderr], [1, false, ""]);
    const resolution = checks.find(({ name }: { name: string }) => name === "name resolution");
    assert.equal(resolution.status, "broken");
    assert.match(resolution.text, /^luno\.invalid cannot be resolved \(([A-Z_]+|no answer within 5 s)\)$/);
    const exchange = checks.find(({ name }: { name: string }) => name === "exchange");
    assert.deepEqual([exchange.status, exchange.text.slice(0, 30)], ["skipped", "not checked without an address"]);
  });

  Deno.test(`${program.name}: doctor starts no file that others may change, and names a mistyped variable`, async () => {
    const home = await Deno.makeTempDir();
    try {
      const command = `${home}/luno-mcp-server`;
      await Deno.writeTextFile(command, `#!/bin/sh\ntouch ${home}/started\n`);
      await Deno.chmod(command, 0o777);
      const entry = { command, args: ["--exchange", "simulated"] };
      await Deno.writeTextFile(`${home}/.claude.json`, JSON.stringify({ mcpServers: { luno: entry } }));
      const env = { CLAUDE_CONFIG_DIR: home, LUNO_MCP_TRADNG: "auto" };
      const { stdout } = await runProgram(program, ["doctor", "--exchange", "simulated", "--json"], { env });
      const { checks } = JSON.parse(stdout);
      const texts = checks.map(({ name, status, text }: Record<string, string>) => `${name} ${status} ${text}`);
      const client = `client skipped Claude Code, luno in ${home}/.claude.json: its settings are valid; not tried, `;
      for (const start of [client, "configuration broken LUNO_MCP_TRADNG"]) {
        assert.ok(texts.some((text: string) => text.startsWith(start)), texts.join("\n"));
      }
      await assert.rejects(Deno.stat(`${home}/started`), Deno.errors.NotFound);
    } finally {
      await Deno.remove(home, { recursive: true });
    }
  });
}

const binary = SHIPPED.find(({ name }) => name === "binary");
if (binary !== undefined) {
  Deno.test("the binary's doctor starts a client's entry for itself, and has its answer", async () => {
    const home = await Deno.makeTempDir();
    try {
      const entry = { command: await Deno.realPath(binary.command), args: ["--exchange", "simulated"] };
      await Deno.writeTextFile(`${home}/.claude.json`, JSON.stringify({ mcpServers: { luno: entry } }));
      const env = { CLAUDE_CONFIG_DIR: home };
      const { stdout } = await runProgram(binary, ["doctor", "--exchange", "simulated", "--json"], { env });
      const { checks } = JSON.parse(stdout);
      const client = checks.find(({ name }: { name: string }) => name === "client");
      assert.deepEqual([client.status, client.text.replace(/^.*: /, "")], [
        "ok",
        `starts and answers as luno-mcp-server ${VERSION}`,
      ]);
    } finally {
      await Deno.remove(home, { recursive: true });
    }
  });
}
