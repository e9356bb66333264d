import assert from "node:assert/strict";
import { JsonDocument } from "../../../src/transport/http/document.ts";

const VALUE = Array.from({ length: 1_000 }, (_, number) => number);
const TEXT = JSON.stringify(VALUE);

async function ask(headers: Record<string, string> = {}, { method = "GET", value = VALUE } = {}): Promise<Response> {
  return (await JsonDocument.of(value)).answer({ method, headers: new Headers(headers) });
}

Deno.test("JsonDocument answers 304 to a client that has the text, until it changes", async () => {
  const first = await ask();
  assert.equal(await first.text(), TEXT);
  const etag = first.headers.get("etag") ?? assert.fail();
  for (const known of [etag, `"other", ${etag}`, etag.replace("W/", ""), "*"]) {
    const again = await ask({ "if-none-match": known });
    assert.deepEqual([again.status, await again.text(), again.headers.get("etag")], [304, "", etag], known);
  }
  assert.equal((await ask({ "if-none-match": etag }, { value: [] })).status, 200);
  assert.equal((await ask({ "if-none-match": '"other"' })).status, 200);
});

Deno.test("JsonDocument compresses for clients that accept gzip, and for no other", async () => {
  for (const header of ["gzip", "deflate, GZIP;q=0.5", "*"]) {
    const response = await ask({ "accept-encoding": header });
    assert.equal(response.headers.get("content-encoding"), "gzip", header);
    const body = response.body?.pipeThrough(new DecompressionStream("gzip")) ?? assert.fail();
    assert.equal(await new Response(body).text(), TEXT);
  }
  for (const header of ["", "br", "gzip;q=0", "gzip; q=0.0", "identity"]) {
    const response = await ask({ "accept-encoding": header });
    assert.equal(response.headers.get("content-encoding"), null, header);
    await response.body?.cancel();
  }
  assert.equal((await ask({ "accept-encoding": "gzip" }, { value: [] })).headers.get("content-encoding"), null);
});

Deno.test("JsonDocument names the headers that it depends on, also what its caller and its page may read", async () => {
  const etag = (await ask()).headers.get("etag") ?? assert.fail();
  for (const headers of [{}, { "if-none-match": etag }]) {
    const { headers: answered } = await ask(headers);
    assert.equal(answered.get("vary"), "accept-encoding, authorization, origin, x-luno-scopes");
  }
});

Deno.test("JsonDocument answers HEAD with the headers of GET", async () => {
  const head = await ask({}, { method: "HEAD" });
  const get = await ask();
  assert.deepEqual([...head.headers], [...get.headers]);
  assert.deepEqual([await head.text(), await get.text()], ["", TEXT]);
});
