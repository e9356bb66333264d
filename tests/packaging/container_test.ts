import assert from "node:assert/strict";
import { parseSettings } from "../../src/config/parse.ts";
import { SERVER_SETTINGS } from "../../src/config/server_settings.ts";
import type { Setting } from "../../src/config/setting.ts";

const read = (name: string) => Deno.readTextFile(new URL(`../../deploy/container/${name}`, import.meta.url));

Deno.test("the image runs as a fixed user, without a shell, and its probe is a command of the program", async () => {
  const text = await read("Dockerfile");
  assert.match(text, /^USER 10001:10001$/m);
  for (const command of ["HEALTHCHECK.* CMD", "ENTRYPOINT", "CMD"]) {
    assert.match(text, new RegExp(`^${command} \\[.*\\]$`, "m"));
  }
  assert.match(text, /"\/usr\/local\/bin\/luno-mcp-server", "status", "--running"/);
});

Deno.test("the compose file starts the server with existing flags and variables", async () => {
  const text = await read("compose.yaml");
  const args = [...text.matchAll(/^ +- --([\w-]+)=(\S+)$/gm)].map(([, flag = "", value = ""]) =>
    [flag, value] as const
  );
  const settings = Object.values<Setting>(SERVER_SETTINGS);
  for (const [word] of args) assert.ok(settings.some(({ flag }) => flag === word), word);
  const flags = Object.fromEntries(args);
  assert.ok(args.length >= 6);
  const parsed = parseSettings(SERVER_SETTINGS, { flags, env: () => undefined });
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const known = settings.flatMap(({ env }) => env);
  for (const [, name = ""] of text.matchAll(/^ {6}([A-Z][A-Z_]+): /gm)) assert.ok(known.includes(name), name);
});

Deno.test("the container has a read-only root, no capabilities and no new privileges", async () => {
  const text = await read("compose.yaml");
  for (const line of ["read_only: true", "cap_drop: [ALL]", 'user: "10001:10001"', '"no-new-privileges:true"']) {
    assert.ok(text.includes(line), line);
  }
});
