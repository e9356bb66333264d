import assert from "node:assert/strict";
import { join } from "node:path";
import { createRedactor, secretsOf } from "../../../src/secrets/redaction.ts";
import { openDatabase } from "../../../src/state/sqlite.ts";
import { StateError } from "../../../src/state/state_error.ts";
import { MIGRATIONS } from "../../../src/trading/record/schema.ts";
import { StoreError } from "../../../src/trading/record/store_error.ts";
import { TRADING_DATABASE, TradingStore } from "../../../src/trading/record/store.ts";
import { entry, FREE, NOW, partsOf, place, tamper, withStore } from "../stores.ts";

const now = () => NOW;

Deno.test("TradingStore.open() finds everything again after a restart", () =>
  withStore((store, { open }) => {
    const placed = place(store, "a", { idempotencyKey: "key-1" });
    const verified = store.audit.verify();
    store.close();
    const again = open();
    assert.deepEqual(again.journal.find("lm-a"), placed);
    assert.deepEqual(again.audit.verify(), verified);
  }));

Deno.test("TradingStore.open() makes a folder and a file for their owner only", () =>
  withStore(async (_store, { folder }) => {
    const state = join(folder, "state");
    TradingStore.open(state, { now }).close();
    assert.equal((await Deno.stat(state)).mode ?? 0, 0o40700);
    assert.equal((await Deno.stat(join(state, TRADING_DATABASE))).mode ?? 0, 0o100600);
  }));

Deno.test("TradingStore.open() refuses a record that a newer version has written, and leaves it as it is", () =>
  withStore((store, { folder }) => {
    place(store, "a");
    tamper(folder, `PRAGMA user_version = ${MIGRATIONS.length + 1}`);
    for (const readOnly of [false, true]) {
      const isNewer = (error: unknown) => error instanceof StateError && /newer version/.test(error.message);
      assert.throws(() => TradingStore.open(folder, { now, readOnly }), isNewer);
    }
    assert.equal(store.audit.verify().ok, true);
  }));

Deno.test("TradingStore.open() to read writes nothing and reads what another connection has written", () =>
  withStore((store, { folder }) => {
    const reader = TradingStore.open(folder, { now, readOnly: true });
    try {
      place(store, "a");
      assert.equal(reader.audit.verify().ok, true);
      assert.equal(reader.journal.open().length, 1);
      assert.throws(
        () => reader.audit.record({ event: "policy", identity: "local" }, NOW),
        (error) => error instanceof StoreError && error.failure === "read_only",
      );
    } finally {
      reader.close();
    }
  }));

Deno.test("A full disk stops new orders; reading and what was written stay", () =>
  withStore((_store, { folder }) => {
    const path = join(folder, "full.db");
    const database = openDatabase(path, { migrations: MIGRATIONS, durable: true });
    const { audit, journal } = partsOf(database, folder);
    try {
      journal.begin(entry("first"), FREE, NOW);
      database.exec("PRAGMA max_page_count = 1"); // SQLite takes the present size for a smaller one.
      let begun = 1;
      const isFull = (error: unknown) => error instanceof StoreError && error.failure === "full";
      assert.throws(() => {
        while (begun < 1_000) journal.begin(entry(`n${begun++}`), FREE, NOW);
      }, isFull);
      const rows = 2 * journal.unsettled().length;
      assert.equal(journal.find(`lm-n${begun - 1}`), undefined);
      assert.deepEqual(audit.verify(), { ok: true, rows, head: audit.trail({ limit: 1 })[0]?.hash });

      database.exec("PRAGMA max_page_count = 10000");
      assert.equal(journal.begin(entry("after"), FREE, NOW).kind, "begun");
      assert.ok(audit.verify().ok);
    } finally {
      database.close();
    }
  }));

Deno.test("TradingStore.transaction() keeps nothing of a change of which a part has failed, caught or not", () =>
  withStore((store) => {
    const partly = () =>
      store.transaction(() => {
        store.journal.begin(entry("a"), FREE, NOW);
        try {
          store.transaction(() => {
            store.journal.begin(entry("b"), FREE, NOW);
            throw new Error("no");
          });
        } catch {
          // As a caller does that takes the failure lightly.
        }
      });
    assert.throws(partly, TypeError);
    assert.deepEqual(store.journal.unsettled(), []);
    store.transaction(() => store.journal.begin(entry("c"), FREE, NOW));
    assert.equal(store.journal.unsettled().length, 1);
  }));

Deno.test("TradingStore tells which trouble its file is in", () =>
  withStore((store, { folder }) => {
    tamper(folder, "ALTER TABLE placements RENAME TO elsewhere");
    assert.throws(
      () => store.journal.begin(entry("a"), FREE, NOW),
      (error) =>
        error instanceof StoreError && error.code === "ERR_TRADING_STORE" && /state folder/.test(error.message),
    );
  }));

Deno.test("TradingStore keeps no secret that it was told, in the audit and as the reason of a halt, however it is encoded", async () => {
  const folder = await Deno.makeTempDir();
  const key = { id: "dj3xkq9wlm2ab", secret: "mN4-tQ_8vZ1rK6yH3bW9cX5sL2dF7gJ0" };
  const store = TradingStore.open(folder, { now: () => NOW, redact: createRedactor(secretsOf(key)) });
  try {
    const texts = [key.secret, encodeURIComponent(key.secret), btoa(`${key.id}:${key.secret}`), JSON.stringify(key)];
    for (const text of texts) {
      store.audit.record({ event: "preview", identity: "key:ann", data: { reason: text } }, NOW);
    }
    store.killSwitch.pull({ by: "key:ann", reason: `stop ${key.secret}`, now: NOW });
    const state = store.killSwitch.state();
    assert.equal(state.halted && state.reason, "stop [redacted]");
    const kept = await Deno.readTextFile(join(folder, "trading.db-wal"));
    for (const text of [...texts, key.id, key.secret.slice(0, 14)]) assert.ok(!kept.includes(text), text);
  } finally {
    store.close();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("TradingStore.open() takes a record that told no exchanges apart, with its placements, sums and claims", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const before = MIGRATIONS.slice(0, 6);
    const old = openDatabase(join(folder, TRADING_DATABASE), { migrations: before, durable: true });
    const columns = `client_order_id, identity, paper, preview_id, idempotency_key, order_json, digest, policy_digest,
      state, order_id, is_alive, notional_currency, notional_amount, created_at`;
    const { digest, order } = entry("a");
    for (const [name, paper] of [["real", 0], ["paper", 1]] as const) {
      old.exec(
        `INSERT INTO placements (${columns}) VALUES ('lm-${name}', 'local', ${paper}, 'p-${name}', 'k-${name}',
           '${JSON.stringify(order)}', '${digest}', '', 'placed', 'BX${name}', 1, 'ZAR', '1000', ${NOW});
         INSERT INTO day_use VALUES ('local', ${paper}, 'ZAR', ${NOW}, '1000');
         INSERT INTO replaced VALUES ('BX${name}', ${paper}, 'local', 'r-${name}')`,
      );
    }
    old.close();
    const store = TradingStore.open(folder, { now });
    const [real, paper] = [store.journal.at(""), store.journal.at("paper")];
    assert.equal(real.findByKey("local", "k-real")?.orderId, "BXreal");
    assert.equal(paper.findByKey("local", "k-paper")?.orderId, "BXpaper");
    assert.equal(real.findByKey("local", "k-paper"), undefined);
    assert.deepEqual([real.open().length, paper.open().length, store.journal.open().length], [1, 1, 2]);
    const limited = { ...FREE, maxPerDay: { amount: "1500", currency: "ZAR" } };
    store.instances.add({ id: entry("a").instance, pid: 1, command: "serve", startedAt: NOW, cancels: [] });
    assert.equal(real.begin(entry("b", { identity: "local" }), limited, NOW).kind, "refused");
    const fresh = store.journal.at("paper-2");
    assert.equal(fresh.begin(entry("c", { identity: "local", paper: true }), limited, NOW).kind, "begun");
    assert.equal(fresh.endOthers({ identity: "local", paper: true, lastWithProcess: false, now: NOW }), 1);
    assert.deepEqual([paper.open().length, real.open().length], [0, 1]);
    store.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
