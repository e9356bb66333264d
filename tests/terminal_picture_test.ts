import assert from "node:assert/strict";
import { drawTerminal, runInTerminal } from "../scripts/terminal_picture.ts";

const picture = await Deno.readTextFile(new URL("../docs/demo.svg", import.meta.url));

Deno.test("docs/demo.svg is self-contained: it loads nothing and runs nothing", () => {
  assert.match(picture, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 [\d.]+ [\d.]+"/);
  assert.doesNotMatch(picture.replace(/xmlns="[^"]*"/, ""), /https?:|href|<script|<style|url\(|@import/);
});

Deno.test("docs/demo.svg shows commands on the simulated exchange, each with its answer", () => {
  const rows = [...picture.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text = ""]) =>
    text.replaceAll("\u00a0", " ")
  );
  assert.equal(rows[0], "$ export LUNO_MCP_EXCHANGE=simulated");
  assert.ok(rows.filter((row) => row.startsWith("$ luno-mcp-server call ")).length >= 2);
  assert.ok(!rows.some((row) => /\bERR_|expected|See luno-mcp-server/.test(row)), rows.join("\n"));
});

Deno.test("drawTerminal() breaks lines at 80 columns and writes markup as text", () => {
  const svg = drawTerminal([{ text: `<b>&${"x".repeat(90)}`, isTyped: true }], 'a "title"');
  const rows = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text = ""]) => text.replaceAll("\u00a0", " "));
  assert.deepEqual(rows, [`&lt;b&gt;&amp;${"x".repeat(76)}`, "x".repeat(14)]);
  assert.ok(svg.includes('aria-label="a &quot;title&quot;"'));
});

Deno.test("runInTerminal() returns what a command writes to a terminal", async () => {
  const text = await runInTerminal(["tools", "--tools", "server"]);
  assert.match(text, /describe_capabilities/);
  assert.throws(() => JSON.parse(text));
});
