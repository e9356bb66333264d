import assert from "node:assert/strict";
import { listingText, manifestText, PAGES, pageUrl, policySchemaText, withTable } from "../scripts/docs.ts";

const readme = await Deno.readTextFile(new URL("../README.md", import.meta.url));

for (const [name, table] of Object.entries(PAGES)) {
  Deno.test(`docs/${name}.md contains the table generated from the code`, async () => {
    const page = await Deno.readTextFile(pageUrl(name));
    assert.ok(page.includes(table()));
    assert.equal(withTable(page, table()), page, "run deno task docs");
  });
}

Deno.test("README.md is about 150 lines long", () => {
  assert.ok(readme.split("\n").length <= 165, String(readme.split("\n").length));
});

Deno.test("README.md names both commands and an mcp.json within its first 30 lines", () => {
  const start = readme.split("\n").slice(0, 30).join("\n");
  for (const text of ["task demo", "task test", '"mcpServers"']) assert.ok(start.includes(text), text);
});

Deno.test("deno.json lets each command read the variables of its settings", async () => {
  const manifest = await Deno.readTextFile(new URL("../deno.json", import.meta.url));
  assert.equal(manifest, manifestText(manifest), "run deno task docs");
});

Deno.test("listing.json equals what the catalogue generates", async () => {
  const listing = await Deno.readTextFile(new URL("../src/protocol/listing.json", import.meta.url));
  assert.equal(listing, listingText(), "run deno task docs");
});

Deno.test("policy.schema.json equals what the policy's schema generates", async () => {
  const schema = await Deno.readTextFile(new URL("../docs/policy.schema.json", import.meta.url));
  assert.equal(schema, policySchemaText(), "run deno task docs");
});
