import assert from "node:assert/strict";
import { loadConfig } from "../../src/config/load.ts";
import { RecordChanges } from "../../src/server/record_changes.ts";
import { openPostgresRecord } from "../../src/state/record/postgres/open_record.ts";
import { accessOf } from "../state/open_postgres.ts";
import { PostgresServer } from "../state/postgres_server.ts";
import { NOW } from "../trading/stores.ts";

Deno.test("RecordChanges reports a halt and published files as soon as another process has written them", async () => {
  await using server = await PostgresServer.start();
  const url = server.url(await server.createDatabase());
  const folder = await Deno.makeTempDir();
  const record = await openPostgresRecord(accessOf(url), {
    ...{ folder, mode: "write", timeoutMs: 0, monotonic: () => performance.now() },
  });
  const loaded = await loadConfig({ "state-url": url }, () => undefined);
  assert.ok(loaded.ok, JSON.stringify(loaded));
  const changes = await RecordChanges.open(loaded.config, { isServer: true });
  // Each hears first that changes may have been missed: the connection stands then.
  const heard = (topic: "halt" | "policy" | "access" | "keys") => {
    let next = Promise.withResolvers<void>();
    let count = 0;
    changes.listen([topic], () => {
      count++;
      next.resolve();
      next = Promise.withResolvers();
    });
    return { next: () => next.promise, count: () => count };
  };
  const [halt, policy, access] = [heard("halt"), heard("policy"), heard("access")];
  await halt.next();
  const halted = halt.next();
  await record.halts.pull({ by: "terminal", reason: "enough", now: NOW });
  await halted;
  assert.deepEqual([halt.count(), policy.count(), access.count()], [2, 1, 1]);
  const published = [policy.next(), access.next()];
  for (const kind of ["policy", "access"] as const) {
    await record.published.publish({ kind, text: "{}", by: "terminal", now: NOW });
  }
  await Promise.all(published);
  assert.deepEqual([halt.count(), policy.count(), access.count()], [2, 2, 2]);
  await changes.close();
  await record.close();
  await Deno.remove(folder, { recursive: true });
});
