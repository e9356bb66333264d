/** What the files for several servers say to the program, held against its settings. */

import assert from "node:assert/strict";
import { parseSettings } from "../../src/config/parse.ts";
import { SERVER_SETTINGS } from "../../src/config/server_settings.ts";
import type { Setting } from "../../src/config/setting.ts";

const read = (name: string) => Deno.readTextFile(new URL(`../../deploy/${name}`, import.meta.url));

const SETTINGS = Object.values<Setting>(SERVER_SETTINGS);

/** Fails for a flag or a variable that there is not. */
function assertKnown(flags: Iterable<string>, variables: Iterable<string>): void {
  for (const word of flags) assert.ok(SETTINGS.some(({ flag }) => flag === word), word);
  for (const word of variables) assert.ok(SETTINGS.some(({ env }) => env.includes(word)), word);
}

for (
  const [file, least] of [["kubernetes/luno-mcp-server.yaml", 12], ["cluster/compose.yaml", 10]] as const
) {
  Deno.test(`deploy/${file} gives the server valid settings`, async () => {
    const text = await read(file);
    const flags = [...text.matchAll(/(?:- |\[)--([\w-]+)=([^\s\]]+)/g)].map(([, word = "", value = ""]) =>
      [word, value] as const
    );
    const variables = [...text.matchAll(/(?:name: |^ {4})((?:LUNO|MCP|LOG)_\w+)(?:, value)?: "?([^"\n}]*)/gm)].map((
      [, word = "", value = ""],
    ) => [word, value.trim()] as const);
    const given = { flags: Object.fromEntries(flags), env: new Map(variables) };
    assertKnown(Object.keys(given.flags), given.env.keys());
    assert.ok(Object.keys(given.flags).length + given.env.size >= least);
    const parsed = parseSettings(SERVER_SETTINGS, {
      flags: given.flags,
      env: (name) => given.env.get(name)?.replace(/^\$\{.*/, "") || undefined,
    });
    assert.ok(parsed.ok, JSON.stringify(parsed));
    assert.deepEqual([parsed.values.transport, parsed.values.drainTime, parsed.values.auth], [
      "websocket",
      30,
      "required",
    ]);
  });
}

Deno.test("deploy/cluster/haproxy.cfg equals deploy/haproxy/haproxy.cfg except for addresses", async () => {
  const plain = (text: string) =>
    text.split("\n").filter((line) => !/^(#| {2}(bind|server) )/.test(line)).join("\n").trim();
  assert.equal(plain(await read("cluster/haproxy.cfg")), plain(await read("haproxy/haproxy.cfg")));
});
