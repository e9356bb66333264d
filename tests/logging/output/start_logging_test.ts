import assert from "node:assert/strict";
import { getLogger, LOG_CATEGORY } from "../../../src/logging/logger.ts";
import fc from "fast-check";
import type { LogOutput } from "../../../src/logging/output/log_lines.ts";
import { startLogging } from "../../../src/logging/output/start_logging.ts";
import type { LoggingOptions } from "../../../src/logging/output/start_logging.ts";

const SECRET = 'can"ary\\secret-0123456789';
const ID = "canary-id";
const FORMATS = ["text", "json"] as const;

const log = getLogger([LOG_CATEGORY, "test"]);

/** Keeps what is written; takes `bytesPerWrite` at a time. */
class Kept implements LogOutput {
  text = "";
  bytesPerWrite = Infinity;
  readonly #decoder = new TextDecoder();

  write(bytes: Uint8Array): Promise<number> {
    const count = Math.min(bytes.length, this.bytesPerWrite);
    this.text += this.#decoder.decode(bytes.subarray(0, count), { stream: true });
    return Promise.resolve(count);
  }
}

/** What `body` logs. */
async function linesOf(
  body: () => void,
  options: Partial<LoggingOptions> & { output?: Kept } = {},
): Promise<string[]> {
  const output = options.output ?? new Kept();
  const logging = startLogging({ level: "debug", format: "text", secrets: [SECRET, ID], ...options, output });
  body();
  await logging.stop();
  assert.ok(output.text === "" || output.text.endsWith("\n"));
  return output.text.split("\n").slice(0, -1);
}

for (const format of FORMATS) {
  Deno.test(`startLogging() shows no secret in ${format}, at any place`, async () => {
    const basic = btoa("someone:quite-another-secret");
    const lines = await linesOf(() => {
      log.info(`message with ${SECRET} and ${ID}`);
      log.info("template {value}", { value: SECRET });
      log.info("field", { note: `x${SECRET}x`, nested: { list: [{ deep: SECRET }, ID] } });
      log.info("key", { [SECRET]: 1 });
      log.info("error", { error: new Error(`failed ${SECRET}`, { cause: new TypeError(`because ${SECRET}`) }) });
      log.info("header", { text: `authorization: Basic ${basic}, basic ${basic}` });
      log.info("by name", {
        authorization: "hush-1",
        headers: { Authorization: "hush-2", "set-cookie": "hush-3" },
        key: { apiKey: "hush-4", api_key: "hush-5", apiSecret: "hush-6", password: "hush-7" },
      });
    }, { format });
    assert.equal(lines.length, 7);
    const all = lines.join("\n");
    for (const secret of [SECRET, JSON.stringify(SECRET).slice(1, -1), ID, basic, "hush", "0123456789"]) {
      assert.ok(!all.includes(secret), `${secret} is in ${all}`);
    }
    assert.ok(all.includes("[redacted]"));
  });

  Deno.test(`startLogging() shows no claim of a token in ${format}, however short it was cut`, async () => {
    const token = `${encoded({ alg: "ES256", typ: "at+jwt" })}.${encoded({ iss: "https://id.example" })}.c2lnbmF0dXJl`;
    const lines = await linesOf(() => {
      for (const length of [token.length, 90, 64, 50]) log.info("refused", { path: `/x/${token.slice(0, length)}` });
    }, { format });
    for (const line of lines) assert.ok(!line.includes("eyJ"), line);
  });

  Deno.test(`startLogging() writes each record as one ${format} line, whatever it contains`, async () => {
    const text = fc.string({
      unit: fc.constantFrom("a", "\n", "\r", "\u001b", "\u0000", "\u2028", "\u0085", '"', "}", "😀"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(text, text), { maxLength: 5 }), async (records) => {
        const lines = await linesOf(() => {
          for (const [message, value] of records) log.info(message, { [`k${value}`]: value, error: new Error(value) });
        }, { format });
        assert.equal(lines.length, records.length);
        // deno-lint-ignore no-control-regex
        assert.doesNotMatch(lines.join(""), /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029]/);
        for (const line of lines) {
          if (format === "json") assert.equal(typeof JSON.parse(line), "object");
          else assert.match(line, /^\d{4}-\d{2}-\d{2}T[\d:.]+Z INF luno-mcp-server/);
        }
      }),
      { numRuns: 50 },
    );
  });
}

Deno.test("startLogging() hides the whole of a secret that contains another secret", async () => {
  const [line = ""] = await linesOf(() => log.info("abcd abcdefgh"), { secrets: ["abcd", "abcdefgh"] });
  assert.match(line, /: \[redacted\] \[redacted\]$/);
});

Deno.test("startLogging() writes level, category, message and fields", async () => {
  const [text = ""] = await linesOf(() => log.warning("slow", { code: "ERR_X", attempt: 2, list: [1] }));
  assert.match(text, / WRN luno-mcp-server·test: slow code="ERR_X" attempt=2 list=\[1\]$/);
  const [json = ""] = await linesOf(() => log.warning("slow", { code: "ERR_X", attempt: 2 }), { format: "json" });
  const { message, level, logger, properties } = JSON.parse(json);
  assert.deepEqual([message, level, logger, properties], [
    "slow",
    "WARN",
    "luno-mcp-server.test",
    { code: "ERR_X", attempt: 2 },
  ]);
});

Deno.test("startLogging() drops records below its level", async () => {
  const levels = ["debug", "info", "warning", "error"] as const;
  for (const [index, level] of levels.entries()) {
    const lines = await linesOf(() => {
      log.debug("debug");
      log.info("info");
      log.warning("warning");
      log.error("error");
    }, { level });
    assert.deepEqual(lines.map((line) => line.split(": ")[1]), levels.slice(index));
  }
});

Deno.test("startLogging() writes whole lines to an output that accepts one byte at a time", async () => {
  const output = new Kept();
  output.bytesPerWrite = 1;
  const lines = await linesOf(() => ["é1", "€2", "😀3"].forEach((text) => log.info(text)), { output });
  assert.deepEqual(lines.map((line) => line.split(": ")[1]), ["é1", "€2", "😀3"]);
});

for (const format of FORMATS) {
  Deno.test(`startLogging() drops ${format} lines that nobody reads, counts them, and blocks no caller`, async () => {
    const gate = Promise.withResolvers<void>();
    const kept = new Kept();
    const output = { write: (bytes: Uint8Array) => gate.promise.then(() => kept.write(bytes)) };
    const logging = startLogging({ level: "info", format, secrets: [], output });
    for (let count = 0; count < 3_000; count++) log.info("x".repeat(1_000));
    gate.resolve();
    await logging.stop();
    const lines = kept.text.split("\n").slice(0, -1);
    const notes = lines.filter((line) => line.includes("log lines dropped"));
    assert.equal(notes.length, 1);
    const dropped = Number(/count"?[=:](\d+)/.exec(notes[0] ?? "")?.[1]);
    assert.equal(lines.length - 1 + dropped, 3_000);
    assert.ok(kept.text.length < 2 * 1_048_576, `${kept.text.length} characters were kept`);
    if (format === "json") lines.forEach((line) => JSON.parse(line));
  });
}

Deno.test("startLogging() lets the program continue and stop when its output blocks for ever", async () => {
  const output = { write: () => new Promise<number>(() => {}) };
  const logging = startLogging({ level: "info", format: "text", secrets: [], output });
  log.info("nobody reads this");
  await logging.stop();
});

Deno.test("startLogging() lets the program continue when its output fails, and writes again when it recovers", async () => {
  const kept = new Kept();
  let broken = true;
  const output = {
    write: (bytes: Uint8Array) => broken ? Promise.reject(new Deno.errors.BrokenPipe("gone")) : kept.write(bytes),
  };
  const logging = startLogging({ level: "info", format: "text", secrets: [], output });
  log.info("lost");
  await new Promise((resolve) => setTimeout(resolve, 0));
  broken = false;
  log.info("kept");
  await logging.stop();
  assert.match(kept.text, /^[^\n]*: kept\n$/);
});

function encoded(value: unknown): string {
  return btoa(JSON.stringify(value)).replace(/=+$/, "");
}
