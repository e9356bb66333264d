import assert from "node:assert/strict";
import { Validator } from "@seriousme/openapi-schema-validator";
import { listingOf } from "../../src/protocol/listing.ts";
import { describeApi } from "../../src/protocol/openapi.ts";
import { catalogue } from "../../src/tools/catalogue.ts";
import type { ToolGroup } from "../../src/tools/tool.ts";
import type { Json } from "../support/exchange.ts";

const identity = { name: "luno-mcp-server", version: "1.2.3" };

function documentOf(...groups: ToolGroup[]): Json {
  return JSON.parse(JSON.stringify(describeApi({ identity, listing: listingOf(groups) })));
}

for (const groups of [["market", "account", "trading", "server"], ["market"], []] as ToolGroup[][]) {
  Deno.test(`An OpenAPI validator accepts the document of ${groups.join(", ") || "no group"}`, async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(documentOf(...groups));
    assert.ok(valid, JSON.stringify(errors));
    assert.equal(validator.version, "3.1");
  });
}

Deno.test("The validator rejects a document with a mistake", async () => {
  const document = documentOf("market");
  delete document.info.version;
  assert.equal((await new Validator().validate(document)).valid, false);
});

Deno.test("Every offered tool is an operation with its own schemas, and no other is", () => {
  const { paths } = documentOf("market", "account", "trading", "server");
  for (const { tool, scope } of listingOf(["market", "account", "trading", "server"])) {
    const { operationId, requestBody, responses, "x-scope": xScope } = paths[`/v1/tools/${tool.name}`].post;
    assert.deepEqual([operationId, xScope], [tool.name, scope]);
    const { oneOf: _one, anyOf: _any, ...schema } = requestBody.content["application/json"].schema;
    assert.deepEqual(schema, tool.inputSchema);
    assert.deepEqual(responses[200].content["application/json"].schema, tool.outputSchema);
  }
  assert.equal(Object.keys(paths).length, catalogue.length + 2);
  assert.equal(documentOf("market").paths["/v1/tools/get_accounts"], undefined);
});

Deno.test("Every example is valid by the tool's schema", () => {
  const { paths } = documentOf("market", "account", "trading", "server");
  for (const { name, input } of catalogue) {
    const { example } = paths[`/v1/tools/${name}`].post.requestBody.content["application/json"];
    const read = input.safeParse(example);
    assert.ok(read.success, `${name}: ${read.error?.message}`);
  }
});

Deno.test("Arguments of which one is required are a choice in the schema", () => {
  const { paths } = documentOf("account", "trading");
  const choiceOf = (name: string) => {
    const { requestBody: { required, content } } = paths[`/v1/tools/${name}`].post;
    const { oneOf, anyOf } = content["application/json"].schema;
    return { required, oneOf, anyOf };
  };
  const byId = [{ required: ["order_id"] }, { required: ["client_order_id"] }];
  assert.deepEqual(choiceOf("get_order_status"), { required: true, oneOf: byId, anyOf: undefined });
  assert.deepEqual(choiceOf("cancel_order"), { required: true, oneOf: byId, anyOf: undefined });
  const byAccount = [{ required: ["account_id"] }, { required: ["currency"] }];
  assert.deepEqual(choiceOf("list_transfers"), { required: true, oneOf: undefined, anyOf: byAccount });
});

Deno.test("The document of a server with credentials says which it accepts, one without says none", () => {
  const listing = listingOf(["market"]);
  const asked: Json = describeApi({ identity, listing, credentials: ["bearer", "certificate"] });
  assert.deepEqual(asked.security, [{ bearer: [] }, { certificate: [] }]);
  assert.deepEqual(Object.values<Json>(asked.components.securitySchemes).map(({ type }) => type), [
    "http",
    "mutualTLS",
  ]);
  for (const path of ["/v1/tools", "/openapi.json"]) {
    assert.deepEqual(Object.keys(asked.paths[path].get.responses), ["200", "401", "403"]);
  }
  const { responses } = asked.paths["/v1/tools/get_crypto_price"].post;
  assert.ok("401" in responses && "403" in responses);
  const open: Json = describeApi({ identity, listing });
  assert.equal(open.security, undefined);
  assert.equal(open.components.securitySchemes, undefined);
});

Deno.test("Every reference resolves", () => {
  const document = documentOf("market", "account", "server");
  const references = JSON.stringify(document).match(/"\$ref":"#([^"]+)"/g) ?? [];
  assert.ok(references.length > 0);
  for (const reference of new Set(references)) {
    const path = reference.slice(9, -1).split("/").slice(1);
    assert.ok(path.reduce((node: Json, key) => node?.[key], document), reference);
  }
});
