import assert from "node:assert/strict";
import { join } from "node:path";
import { audit } from "../../src/cli/audit.ts";
import { DAY_MS } from "../../src/trading/policy/limits.ts";
import { NOW, place, tamper, withStore } from "../trading/stores.ts";
import { runnerOf } from "./trading_commands.ts";

const run = runnerOf(audit);
const VERIFY = { operands: ["verify"] };
const SHOW = { operands: ["show"] };

Deno.test("audit verify proves the record, prints its head, and accepts it as --head", () =>
  withStore(async (store, { folder: state }) => {
    place(store, "a");
    const first = await run({ state }, VERIFY);
    assert.deepEqual([first.code, first.stderr], [0, ""]);
    const head = /head {2}([0-9a-f]{64})\n/.exec(first.stdout)?.[1] ?? "";
    assert.match(first.stdout, /^The audit is whole\n {2}rows {2}3\n/);
    place(store, "b");
    assert.equal((await run({ state, head: head.toUpperCase() }, VERIFY)).code, 0);
    const other = await run({ state, head: "0".repeat(63) + "1" }, VERIFY);
    assert.equal(other.code, 1);
    assert.match(other.stderr, /^The audit is broken at row 6: no row has the expected hash/);
  }));

Deno.test("audit verify reports the row at which the record is broken, also as JSON", () =>
  withStore(async (store, { folder: state }) => {
    place(store, "a");
    tamper(state, "DROP TRIGGER audit_keeps_words", "UPDATE audit SET data = '{' WHERE seq = 2");
    const { code, stdout, stderr } = await run({ state }, VERIFY);
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /^The audit is broken at row 2: its content was changed/);
    const machine = await run({ state }, { ...VERIFY, terminal: false });
    assert.equal(machine.code, 1);
    assert.equal(JSON.parse(machine.stdout).row, 2);
    assert.match((await run({ state, order: "lm-a", verbose: "true" }, SHOW)).stdout, /unreadable {2}\{/);
  }));

Deno.test("audit show prints an order from its intent to its fills, by either id, also as JSON", () =>
  withStore(async (store, { folder: state }) => {
    place(store, "a");
    store.journal.close("lm-a", { base: "0.001", counter: "1000" }, NOW);
    place(store, "b");
    const shown = await run({ state, order: "BXa", verbose: "true" }, SHOW);
    assert.deepEqual([shown.code, shown.stderr], [0, ""]);
    assert.deepEqual(shown.stdout.match(/^\d+ {2}\S+ {2}[A-Z]+/gm), [
      "1  2026-11-22T10:00:00.000Z  INTENT",
      "2  2026-11-22T10:00:00.000Z  SENT",
      "3  2026-11-22T10:00:00.000Z  OUTCOME",
      "4  2026-11-22T10:00:00.000Z  FILL",
    ]);
    assert.match(shown.stdout, /"volume":"0\.001"/);
    const lines = (await run({ state, order: "BXa" }, { ...SHOW, columns: 80 })).stdout.split("\n");
    assert.deepEqual(lines.map((line) => line.trim().split(/ {2,}/).slice(0, 3)).slice(0, 4), [
      ["now", "intent", "key:alice"],
      ["now", "sent", "key:alice"],
      ["now", "outcome", "key:alice"],
      ["now", "fill", "key:alice"],
    ]);
    for (const line of lines) assert.ok(line.length <= 80, line);
    assert.match(lines[0] ?? "", /BUY 0\.001 XBTZAR at \d+ {2}lm-a/);
    const { rows } = JSON.parse((await run({ state, order: "lm-a" }, { ...SHOW, json: true })).stdout);
    assert.deepEqual(rows.map(({ event }: { event: string }) => event), ["intent", "sent", "outcome", "fill"]);
    assert.deepEqual([rows[3].order_id, rows[3].data.base], ["BXa", "0.001"]);
  }));

Deno.test("audit show prints an empty list when nothing was ever recorded", async () => {
  const env = { HOME: join(Deno.cwd(), "no-such-folder") };
  const shown = await run({}, { ...SHOW, env });
  assert.deepEqual([shown.code, shown.stdout], [0, "Nothing was recorded yet\n"]);
  const json = await run({}, { ...SHOW, env, json: true });
  assert.deepEqual([json.code, json.stdout], [0, '{"rows":[]}\n']);
});

Deno.test("audit show refuses a named folder that does not exist, which may be a typo", async () => {
  const { code, stderr } = await run({ state: join(Deno.cwd(), "no-such-folder") }, SHOW);
  assert.equal(code, 2);
  assert.match(stderr, /^--state: expected a folder with a trading database: there is no /);
});

Deno.test("audit show reports when no row concerns an order", () =>
  withStore(async (_store, { folder: state }) => {
    const { code, stderr } = await run({ state, order: "BX\u001b[2J" }, SHOW);
    assert.equal(code, 1);
    assert.equal(stderr, 'Cannot show "BX\\u001b[2J" as no row of the audit speaks of it\n');
  }));

Deno.test("audit finds the record where the environment points", () =>
  withStore(async (store, { folder }) => {
    place(store, "a");
    assert.equal((await run({}, { ...VERIFY, env: { LUNO_MCP_STATE: folder } })).code, 0);
    const missing = await run({}, { ...VERIFY, env: { LUNO_MCP_STATE: join(folder, "none") } });
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /^LUNO_MCP_STATE: expected a folder with a trading database: there is no /);
  }));

Deno.test("audit refuses a record of a newer version", () =>
  withStore(async (_store, { folder: state }) => {
    tamper(state, "PRAGMA user_version = 99");
    const { code, stderr } = await run({ state }, VERIFY);
    assert.equal(code, 2);
    assert.match(stderr, /^--state: .*newer version/);
  }));

Deno.test("audit reports every problem of its command line", async () => {
  const wrong = await run({ head: "abc" }, { operands: ["shwo"], problems: ["--typo: unknown flag"] });
  assert.equal(wrong.code, 2);
  for (const problem of [/^--typo/m, /^"shwo": expected audit verify/m, /^--head: .*"abc"$/m]) {
    assert.match(wrong.stderr, problem);
  }
  assert.match(wrong.stderr, /^--state: expected a folder/m);
  const state = "/tmp";

  assert.match((await run({ state, order: "BX" }, VERIFY)).stderr, /^--order: audit verify does not take it/m);
  assert.match((await run({ state }, {})).stderr, /^audit: expected audit verify/m);
});

const ARCHIVE = { operands: ["archive"] };

Deno.test("audit archive moves old rows into files, reports that, and audit verify counts them", () =>
  withStore(async (store, { folder: state }) => {
    const days = { state, "record-retention": "30" };
    assert.equal((await run(days, ARCHIVE)).stdout, "Nothing in the audit log is older than 30 days\n");
    place(store, "a", { at: NOW - 40 * DAY_MS });
    const file = "audit-000000000001-000000000003.jsonl";
    const archived = await run(days, ARCHIVE);
    assert.deepEqual([archived.code, archived.stdout], [
      0,
      `Archived\n  rows  3\n  placements  0\n  archive/${file}\n`,
    ]);
    assert.match((await run({ state }, VERIFY)).stdout, /^ {2}rows {2}4, 3 of them in archive files$/m);
    const env = { LUNO_MCP_RECORD_RETENTION: "30" };
    const again = await run({ state }, { ...ARCHIVE, env, json: true });
    assert.deepEqual(JSON.parse(again.stdout), { rows: 0, files: [], placements: 0 });
    await Deno.remove(join(state, "archive"), { recursive: true });
    assert.match((await run({ state }, VERIFY)).stderr, /^The audit is broken at row 1: rows 1 to 3 are archived/);
  }));

Deno.test("audit archive reports what is missing and what prevents it", () =>
  withStore(async (store, { folder: state }) => {
    assert.match((await run({ state }, ARCHIVE)).stderr, /^--record-retention: expected days/);
    const few = await run({ state, "record-retention": "6" }, ARCHIVE);
    assert.match(few.stderr, /^--record-retention: expected a whole number from 7 to 36500/);
    assert.match(
      (await run({ state, "record-retention": "30" }, VERIFY)).stderr,
      /^--record-retention: audit verify does not take it/,
    );
    place(store, "a", { at: NOW - 40 * DAY_MS });
    await Deno.writeTextFile(join(state, "archive"), "");
    const blocked = await run({ state, "record-retention": "30" }, ARCHIVE);
    assert.deepEqual([blocked.code, blocked.stdout], [1, ""]);
    assert.match(blocked.stderr, /^Cannot archive as the archive file .* cannot be written: /);
  }));
