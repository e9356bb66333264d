import assert from "node:assert/strict";
import { Monitor } from "../../src/monitoring/monitor.ts";
import { ORDER_OUTCOMES } from "../../src/trading/audit_lines.ts";
import { MemoryRateLimit } from "../../src/state/shared/memory/rate_limit.ts";
import { Registry } from "../../src/session/registry.ts";

const DASHBOARD = "deploy/grafana/dashboard.json";
const ALERTS = "deploy/grafana/alerts.yaml";

/** Labels that Prometheus adds, or that a histogram has. */
const FOREIGN_LABELS = ["instance", "le"];

interface Metric {
  readonly name: string;
  readonly labels: ReadonlySet<string>;
}

/** The metrics of a server in which everything has happened once, with the labels that they have. */
async function served(): Promise<Map<string, Metric>> {
  const rateLimit = new MemoryRateLimit({ perMinute: () => 10, now: () => 0 });
  const registry = new Registry({
    maxConnections: 9,
    maxSockets: 9,
    maxConnectionsOf: () => 9,
    rateLimit,
    now: () => 0,
  });
  const monitor = new Monitor({
    registry,
    tools: [],
    monotonic: () => 0,
    statsIntervalMs: 0,
    exchange: () => ({
      callsLeft: 1,
      isReachable: true,
      calls: [{ group: "order", outcome: "ok", count: 1 }],
      saved: { coalesced: 1, cache: 1, stream: 1 },
      streams: [
        {
          ...{ pair: "XBTZAR", isLive: true, ageMs: 1, gaps: 0, connections: 1, updates: 1, watchers: 0, lost: {} },
          sharing: { role: "leader", takeovers: 1, lagMs: 1, bytesSent: 1, bytesReceived: 1, foreign: 1 },
        },
      ],
      userStreams: [{
        ...{ account: "main", isLive: true, ageMs: 1, gaps: 0, events: 1, connections: 1 },
        ...{ lost: {}, problem: null, needed: 1 },
      }],
    }),
    trading: () => Promise.resolve({ isHalted: false, approvalsWaiting: 0, orders: [] }),
  });
  const connection = registry.open({ identity: "local", address: "127.0.0.1", carrier: "websocket" });
  monitor.sent(connection, "x");
  monitor.refused({});
  monitor.rejected("access");
  const call = { tool: "get_crypto_price", identity: "local", durationMs: 1 };
  monitor.called({ ...call, outcome: { ok: true, value: {} } });
  const found = new Map<string, Metric>();
  for (const line of (await monitor.metrics()).text.split("\n")) {
    const [, name, labels = ""] = /^(\w+)(?:\{(.*)\})? /.exec(line) ?? [];
    if (name === undefined || line.startsWith("#")) continue;
    const names = [
      ...(found.get(name)?.labels ?? []),
      ...[...labels.matchAll(/(\w+)=/g)].map(([, label = ""]) => label),
    ];
    found.set(name, { name, labels: new Set(names) });
  }
  return found;
}

/** The expressions of the dashboard and of the alerts. */
async function expressions(): Promise<string[]> {
  const { panels, templating } = JSON.parse(await Deno.readTextFile(DASHBOARD));
  const drawn = panels.flatMap(({ targets }: { targets: { expr: string }[] }) => targets.map(({ expr }) => expr));
  const variables = templating.list.map(({ query }: { query: string }) => query);
  const alerts = (await Deno.readTextFile(ALERTS)).matchAll(/ expr: (?:>-\n)?([^]*?)\n {8}(?:for|labels):/g);
  return [...drawn, ...variables, ...[...alerts].map(([, expr = ""]) => expr)];
}

const METRIC = /\b(?:luno_mcp|process)_\w+/g;

Deno.test("the dashboard and the alerts use only metrics of the server, and the dashboard uses all of them", async () => {
  const metrics = await served();
  const used = new Set((await expressions()).flatMap((expr) => expr.match(METRIC) ?? []));
  assert.deepEqual([...used].filter((name) => !metrics.has(name)), []);
  const base = (name: string) => name.replace(/_(bucket|sum|count)$/, "");
  const drawn = new Set([...used].map(base));
  const ours = new Set([...metrics.keys()].filter((name) => name.startsWith("luno_mcp_")).map(base));
  assert.deepEqual([...ours].filter((name) => !drawn.has(name)), []);
});

Deno.test("the dashboard and the alerts filter and group by labels that their metrics have", async () => {
  const metrics = await served();
  for (const expr of await expressions()) {
    const known = new Set([...(expr.match(METRIC) ?? [])].flatMap((name) => [...metrics.get(name)?.labels ?? []]));
    const filters = [...expr.matchAll(/\{([^}]*)\}/g)].flatMap(([, text = ""]) => [...text.matchAll(/(\w+)\s*=/g)]);
    const grouped = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, text = ""]) => text.split(/,\s*/));
    for (const label of [...filters.map(([, label = ""]) => label), ...grouped]) {
      assert.ok(known.has(label) || FOREIGN_LABELS.includes(label), `${label} in ${expr}`);
    }
  }
});

Deno.test("docs/monitoring.md names every metric of the server with its labels, and no other", async () => {
  const page = await Deno.readTextFile("docs/monitoring.md");
  const rows = [...page.matchAll(/^\| `((?:luno_mcp|process)_\w+)`\s*\| (.*?)\s*\|/gm)];
  const documented = new Map(rows.map(([, name = "", labels = ""]) => [name, (labels.match(/\w+/g) ?? []).sort()]));
  const actual = new Map<string, string[]>();
  for (const { name, labels } of (await served()).values()) {
    const base = name.replace(/_(bucket|sum|count)$/, "");
    const own = [...labels].filter((label) => label !== "le");
    actual.set(base, [...new Set([...actual.get(base) ?? [], ...own])].sort());
  }
  assert.deepEqual([...documented].sort(), [...actual].sort());
});

Deno.test("the alerts use existing outcomes of orders", async () => {
  const named = [...(await Deno.readTextFile(ALERTS)).matchAll(/orders_total\{outcome="(\w+)"/g)].map(([, name]) =>
    name
  );
  assert.ok(named.length > 0);
  assert.deepEqual(named.filter((name) => !ORDER_OUTCOMES.some((known) => known === name)), []);
});
