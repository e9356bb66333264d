import assert from "node:assert/strict";
import { pathOf } from "../../../src/transport/http/path.ts";

Deno.test("pathOf() has no slash at the end, and plain letters", () => {
  const paths = { "/mcp": "/mcp", "/mcp/": "/mcp", "/": "/", "/%6Dcp": "/mcp", "/v1/tools?scopes=x": "/v1/tools" };
  for (const [target, path] of Object.entries(paths)) assert.equal(pathOf({ url: `http://localhost${target}` }), path);
});

Deno.test("pathOf() tells addresses apart that are asked for in turn, with a query, a user name, and without", () => {
  const targets = [
    "localhost/mcp",
    "localhost/v1/tools?a=1",
    "localhost/mcp",
    "a@localhost/mcp",
    "localhost/healthz?b@c",
  ];
  const paths = targets.flatMap((target) => [pathOf({ url: `http://${target}` }), pathOf({ url: `http://${target}` })]);
  assert.deepEqual(paths, ["/mcp", "/v1/tools", "/mcp", "/mcp", "/healthz"].flatMap((path) => [path, path]));
  assert.throws(() => pathOf({ url: "" }), TypeError);
});
