import assert from "node:assert/strict";
import fc from "fast-check";
import { checkOrigin } from "../../src/access/origin_rules.ts";
import type { OriginRules } from "../../src/access/origin_rules.ts";

const LOOPBACK: OriginRules = { allowedHosts: [], allowedOrigins: [], allowLoopback: true };
const PUBLIC: OriginRules = {
  allowedHosts: ["mcp.example", "api.example:8443"],
  allowedOrigins: ["https://app.example", "http://other.example:8080"],
  allowLoopback: false,
};

function check(rules: OriginRules, host: string | null, origin?: string): string | undefined {
  const headers = new Headers();
  if (host !== null) headers.set("host", host);
  if (origin !== undefined) headers.set("origin", origin);
  const refused = checkOrigin(headers, rules);
  return refused && `${refused.header} is not allowed`;
}

Deno.test("checkOrigin() accepts loopback names on loopback, with any port", () => {
  for (const host of ["localhost", "localhost:8765", "127.0.0.1:1", "[::1]:8765", "LOCALHOST:80"]) {
    assert.equal(check(LOOPBACK, host), undefined, host);
  }
});

Deno.test("checkOrigin() refuses a missing, foreign or malformed Host", () => {
  const hosts = [
    null,
    "evil.example",
    "127.0.0.1:evil.example",
    "localhost.evil.example",
    "localhost:80:80",
    "127.0.0.1@evil.example",
    "localhost/",
    "[::1",
    "127.0.0.2",
    "",
  ];
  for (const host of hosts) assert.equal(check(LOOPBACK, host), "Host is not allowed", String(host));
});

Deno.test("checkOrigin() accepts allowed hosts by exact match, including the port when one is named", () => {
  for (const host of ["mcp.example", "mcp.example:443", "MCP.example", "api.example:8443"]) {
    assert.equal(check(PUBLIC, host), undefined, host);
  }
  for (const host of ["api.example", "api.example:1", "xmcp.example", "mcp.example.evil", "localhost"]) {
    assert.equal(check(PUBLIC, host), "Host is not allowed", host);
  }
});

Deno.test("checkOrigin() accepts allowed origins by exact match", () => {
  for (const origin of ["https://app.example", "http://other.example:8080"]) {
    assert.equal(check(PUBLIC, "mcp.example", origin), undefined, origin);
  }
  const foreign = [
    "null",
    "",
    "http://app.example",
    "https://app.example.evil",
    "https://app.example:444",
    "https://app.example/",
    "https://evil@app.example",
    "http://localhost",
    "file://",
  ];
  for (const origin of foreign) assert.equal(check(PUBLIC, "mcp.example", origin), "Origin is not allowed", origin);
});

Deno.test("checkOrigin() accepts the server's own pages on loopback, and no page of another loopback port or name", () => {
  for (const own of ["localhost:8765", "127.0.0.1:1", "[::1]:8765", "localhost"]) {
    for (const scheme of ["http", "https"]) assert.equal(check(LOOPBACK, own, `${scheme}://${own}`), undefined, own);
  }
  const foreign = [
    "http://localhost:3000",
    "http://localhost",
    "http://127.0.0.1:8765",
    "http://127.0.0.1:1234",
    "http://[::1]:1",
    "https://localhost:8766",
    "http://localhost.:8765",
    "http://app.localhost:8765",
    "http://evil.example",
    "http://evil.example:8765",
    "ws://localhost:8765",
    "null",
    "",
  ];
  for (const origin of foreign) {
    assert.equal(check(LOOPBACK, "localhost:8765", origin), "Origin is not allowed", origin);
  }
  const named = { ...LOOPBACK, allowedOrigins: ["http://localhost:3000"] };
  assert.equal(check(named, "localhost:8765", "http://localhost:3000"), undefined);
});

Deno.test("checkOrigin() accepts nothing but the allowed names, whatever surrounds them", () => {
  const around = fc.string({ minLength: 1, maxLength: 12 }).filter((text) =>
    /^[\x21-\x7e]+$/.test(text) && !/^:\d{1,5}$/.test(text)
  );
  fc.assert(fc.property(around, fc.boolean(), (text, before) => {
    const host = before ? `${text}mcp.example` : `mcp.example${text}`;
    assert.equal(check(PUBLIC, host), "Host is not allowed");
    const origin = before ? `${text}https://app.example` : `https://app.example${text}`;
    assert.equal(check(PUBLIC, "mcp.example", origin), "Origin is not allowed");
  }));
});
