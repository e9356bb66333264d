import assert from "node:assert/strict";
import fc from "fast-check";
import { isJSONRPCRequest, specTypeSchemas } from "@modelcontextprotocol/server";
import { findInvalidMeta, findInvalidParams } from "../../src/protocol/invalid_params.ts";

const CLIENT = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } };

const CLAIM = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};

/** Parameters that are wrong, and the sentence for them. */
const WRONG: readonly (readonly [method: string, params: unknown, sentence: string])[] = [
  ["ping", [1], "params must be an object of named members: current value is a list"],
  ["no/such", { _meta: null }, "_meta must be an object: current value is null"],
  [
    "tools/list",
    { _meta: { progressToken: 1.5 } },
    "_meta.progressToken must be a string or an integer: current value is 1.5",
  ],
  [
    "get_crypto_price",
    { _meta: { "io.modelcontextprotocol/related-task": {} } },
    '_meta["io.modelcontextprotocol/related-task"].taskId is missing: expected a string',
  ],
  [
    "tools/list",
    { _meta: { ...CLAIM, "io.modelcontextprotocol/clientInfo": { name: "x" } } },
    '_meta["io.modelcontextprotocol/clientInfo"].version is missing: expected a string',
  ],
  [
    "tools/list",
    { _meta: { ...CLAIM, "io.modelcontextprotocol/logLevel": "loud" } },
    '_meta["io.modelcontextprotocol/logLevel"] must be one of debug, info, notice, warning, error, critical, alert, ' +
    'emergency: current value is "loud"',
  ],
  [
    "tools/list",
    { _meta: { progressToken: 2 ** 53 } },
    "_meta.progressToken must be a string or an integer up to 9007199254740991: current value is 9007199254740992",
  ],
  [
    "tools/list",
    { _meta: { ...CLAIM, "io.modelcontextprotocol/protocolVersion": "x".repeat(61) } },
    '_meta["io.modelcontextprotocol/protocolVersion"] must be the name of a revision, such as 2026-07-28: current value is ' +
    `"${"x".repeat(60)}"`,
  ],
  [
    "initialize",
    { ...CLIENT, capabilities: { experimental: { a: { b: "x".repeat(65_536) } } } },
    "the parameters must be at most 65536 characters of JSON: current size is 65658",
  ],
  ["initialize", { ...CLIENT, protocolVersion: 1 }, "protocolVersion must be a string: current value is 1"],
  [
    "initialize",
    { ...CLIENT, capabilities: { roots: null } },
    "capabilities.roots must be an object: current value is null",
  ],
  [
    "initialize",
    { ...CLIENT, clientInfo: { ...CLIENT.clientInfo, icons: [{}] } },
    "clientInfo.icons[0].src is missing: expected a string",
  ],
  ["resources/list", { cursor: null }, "cursor must be a string: current value is null"],
  ["prompts/list", { cursor: "made up" }, "cursor must be left out, as this list has one page"],
  ["tools/call", { arguments: {} }, "name is missing: expected a string"],
  ["tools/call", { name: "x", arguments: [] }, "arguments must be an object: current value is a list"],
  ["resources/read", { uri: 7 }, "uri must be a string: current value is 7"],
  [
    "prompts/get",
    { name: "market_brief", arguments: { pair: 7 } },
    "arguments.pair must be a string: current value is 7",
  ],
  [
    "completion/complete",
    { ref: { type: "ref/tool" }, argument: { name: "a", value: "" } },
    'ref.type must be one of ref/prompt, ref/resource: current value is "ref/tool"',
  ],
  ["completion/complete", { ref: { type: "ref/prompt" } }, "ref.name is missing: expected a string"],
  ["resources/subscribe", {}, "uri is missing: expected a string"],
  ["resources/unsubscribe", { uri: null }, "uri must be a string: current value is null"],
  ["subscriptions/listen", {}, "notifications is missing: expected an object"],
];

for (const [method, params, sentence] of WRONG) {
  Deno.test(`findInvalidParams() of ${method} reports: ${sentence.slice(0, 70)}`, () => {
    assert.equal(findInvalidParams({ method, params }), sentence);
  });
}

Deno.test("findInvalidParams() shows at most sixty characters of a value", () => {
  assert.equal(
    findInvalidParams({ method: "tools/list", params: { cursor: 7 } }),
    "cursor must be a string: current value is 7",
  );
  const sentence = findInvalidParams({ method: "tools/list", params: { _meta: "x".repeat(5_000) } });
  assert.equal(sentence, `_meta must be an object: current value is "${"x".repeat(60)}"`);
});

Deno.test("findInvalidParams() accepts members it need not know", () => {
  assert.equal(findInvalidParams({ method: "tools/list", params: { extra: 1, _meta: { "a.b/c": null } } }), undefined);
  assert.equal(findInvalidParams({ method: "no/such", params: { cursor: 7 } }), undefined);
  assert.equal(findInvalidParams({ method: "constructor", params: {} }), undefined);
  assert.equal(findInvalidParams({ method: "resources/subscribe", params: { _meta: CLAIM } }), undefined);
  assert.equal(findInvalidMeta(undefined), undefined);
});

Deno.test("findInvalidParams() accepts nothing that the SDK would drop or report as its own fault", () => {
  const odd = fc.constantFrom(undefined, null, true, 1, 1.5, "x", [], {}, { a: 1 }, ["x"]);
  const params = fc.record({
    _meta: fc.oneof(odd, fc.record({ progressToken: odd, "io.modelcontextprotocol/related-task": odd })),
    protocolVersion: odd,
    clientInfo: fc.oneof(odd, fc.record({ name: odd, version: odd, icons: odd, title: odd })),
    capabilities: fc.oneof(
      odd,
      fc.record({ experimental: odd, sampling: odd, elicitation: odd, roots: odd, tasks: odd, extensions: odd }),
    ),
    ref: fc.oneof(odd, fc.record({ type: fc.constantFrom("ref/prompt", "ref/resource", 1), name: odd, uri: odd })),
    argument: fc.oneof(odd, fc.record({ name: odd, value: odd })),
    context: fc.oneof(odd, fc.record({ arguments: odd })),
    name: odd,
    arguments: odd,
    uri: odd,
    task: fc.oneof(odd, fc.record({ ttl: odd })),
  });
  const schemas = {
    "initialize": specTypeSchemas.InitializeRequestParams,
    "tools/call": specTypeSchemas.CallToolRequestParams,
    "prompts/get": specTypeSchemas.GetPromptRequestParams,
    "resources/read": specTypeSchemas.ReadResourceRequestParams,
    "completion/complete": specTypeSchemas.CompleteRequestParams,
  };
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(schemas) as (keyof typeof schemas)[]), params, (method, params) => {
      const written = JSON.parse(JSON.stringify(params));
      fc.pre(findInvalidParams({ method, params: written }) === undefined);
      assert.ok(isJSONRPCRequest({ jsonrpc: "2.0", id: 1, method, params: written }));
      assert.ok(!("issues" in schemas[method]["~standard"].validate(written)));
    }),
    { numRuns: 300, maxSkipsPerRun: 1_000 },
  );
});
