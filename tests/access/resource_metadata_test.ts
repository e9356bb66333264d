import assert from "node:assert/strict";
import { describeResource, metadataUrl, resourceAddress } from "../../src/access/resource_metadata.ts";

const issuer = "https://issuer.example";
const REQUEST = "https://luno.example:8765/v1/tools?x=1";

Deno.test("metadataUrl() inserts the well-known path before the resource's own", () => {
  for (
    const [audience, expected] of [
      ["https://luno.example/mcp", "https://luno.example/.well-known/oauth-protected-resource/mcp"],
      ["https://luno.example", "https://luno.example/.well-known/oauth-protected-resource"],
      ["https://luno.example/a/mcp", "https://luno.example/.well-known/oauth-protected-resource/a/mcp"],
      ["luno", "https://luno.example:8765/.well-known/oauth-protected-resource/mcp"],
      ["urn:luno", "https://luno.example:8765/.well-known/oauth-protected-resource/mcp"],
    ] as const
  ) assert.equal(metadataUrl({ issuer, audience }, REQUEST), expected);
});

Deno.test("resourceAddress() is the audience when that is an address, otherwise /mcp at the request's host", () => {
  assert.equal(
    resourceAddress({ issuer, audience: "https://luno.example/mcp" }, REQUEST).href,
    "https://luno.example/mcp",
  );
  assert.equal(resourceAddress({ issuer, audience: "luno" }, REQUEST).href, "https://luno.example:8765/mcp");
});

Deno.test("describeResource() returns what RFC 9728 requires", () => {
  assert.deepEqual(describeResource({ issuer, audience: "https://luno.example/mcp" }, REQUEST), {
    resource: "https://luno.example/mcp",
    authorization_servers: [issuer],
    scopes_supported: ["market:read", "account:read", "orders:write", "funds:write", "server:admin"],
    bearer_methods_supported: ["header"],
    resource_name: "Luno MCP server",
  });
});
