/** `doctor` as people run it, against the real resolver and with the program's own permissions. */

import assert from "node:assert/strict";
import { runProgram, SHIPPED } from "./program.ts";

for (const program of SHIPPED) {
  Deno.test(`${program.name}: doctor names a host that this machine cannot resolve, and ends with code 1`, async () => {
    const { code, stdout, stderr } = await runProgram(program, ["doctor", "--api-url", "https://luno.invalid"]);
    const { ok, checks } = JSON.parse(stdout);
    assert.deepEqual([code, ok, stderr], [1, false, ""]);
    const resolution = checks.find(({ name }: { name: string }) => name === "name resolution");
    assert.equal(resolution.status, "broken");
    assert.match(resolution.text, /^luno\.invalid cannot be resolved \([A-Z_]+\)$/);
  });

  Deno.test(`${program.name}: doctor starts no other program without the permission to`, async () => {
    const home = await Deno.makeTempDir();
    try {
      const command = `${home}/luno-mcp-server`;
      await Deno.writeTextFile(command, "#!/bin/sh\n", { mode: 0o700 });
      const entry = { command, args: ["--exchange", "simulated"] };
      await Deno.writeTextFile(`${home}/.claude.json`, JSON.stringify({ mcpServers: { luno: entry } }));
      const env = { CLAUDE_CONFIG_DIR: home, LUNO_MCP_TRADNG: "auto" };
      const { stdout } = await runProgram(program, ["doctor", "--exchange", "simulated", "--json"], { env });
      const { checks } = JSON.parse(stdout);
      const texts = checks.map(({ name, status, text }: Record<string, string>) => `${name} ${status} ${text}`);
      const client = `client skipped Claude Code, luno in ${home}/.claude.json: its settings are valid; not tried, `;
      assert.ok(texts.some((text: string) => text.startsWith(client)), texts.join("\n"));
      assert.ok(
        texts.some((text: string) => text.startsWith("configuration broken LUNO_MCP_TRADNG")),
        texts.join("\n"),
      );
    } finally {
      await Deno.remove(home, { recursive: true });
    }
  });
}
