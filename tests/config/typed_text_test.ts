import assert from "node:assert/strict";
import { hideSecrets, quoteTyped } from "../../src/config/typed_text.ts";

Deno.test("hideSecrets() removes user names, passwords and API keys, and keeps everything else", () => {
  for (
    const [typed, shown] of [
      ["wss://me:hush@server.example/mcp", "wss://[redacted]@server.example/mcp"],
      ["wss://me:hu/sh@server.example", "wss://[redacted]@server.example"],
      ["me:hu@sh@server.example/a", "[redacted]@server.example/a"],
      ["wss://lunomcp_0123456789ab_00ff@server.example", "wss://[redacted]@server.example"],
      [
        "wss://server.example/?scopes=market:read&access_token=hush",
        "wss://server.example/?scopes=market:read&access_token=[redacted]",
      ],
      ["https://luno.com/?key=hush#x", "https://luno.com/?key=[redacted]#x"],
      ["create=LUNOMCP_0123456789AB_00FF", "create=[redacted]"],
      ["/home/me@work/state", "/home/me@work/state"],
      ["XBTZAR", "XBTZAR"],
    ] as const
  ) assert.equal(hideSecrets(typed), shown);
});

Deno.test("quoteTyped() quotes at most 200 characters", () => {
  assert.equal(quoteTyped(`"${"a".repeat(500)}`), `"\\"${"a".repeat(199)}"`);
});
