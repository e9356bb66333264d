import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { ApprovalLinks, LINKS_FILE } from "../../../src/server/approvals/approval_links.ts";
import { openApprovals } from "../../../src/server/approvals/approval_page.ts";
import { startLogging } from "../../../src/logging/output/start_logging.ts";
import type { Approval } from "../../../src/trading/record/approval.ts";
import { CONFIRMATION_LIFETIME_MS } from "../../../src/trading/record/approval.ts";
import type { SqliteRecord } from "../../../src/state/record/sqlite/record.ts";
import { link } from "../../state/link.ts";
import { lookUntil } from "../../support/look_until.ts";
import { ask } from "../../trading/approval_requests.ts";
import { answeringLate } from "../../trading/late_record.ts";
import { entry, FREE, NOW, ORDER, withStore } from "../../trading/stores.ts";
import { TestWorld } from "../../cli/world.ts";

/** A world whose clock stands, and whose durations pass by a second with each look. */
class PageWorld extends TestWorld {
  clock = NOW;
  #looks = 0;

  override now(): number {
    return this.clock;
  }

  override monotonic(): number {
    return 1_000 * this.#looks++;
  }
}

interface PageTest {
  readonly store: SqliteRecord;
  readonly world: PageWorld;
  readonly approval: Approval;
  readonly link: string;
  /** The text of the page. */
  get(): Promise<string>;
  /** Answers, as the form does. */
  answer(action: "yes" | "no", body?: Record<string, string>): Promise<{ status: number; html: string }>;
  /** Ends the pages. */
  close(): Promise<void>;
}

const TICKED = { checked: "yes" };

/** The page of one order that waits. */
function onPage(changes: Parameters<typeof ask>[1], body: (test: PageTest) => Promise<void>): Promise<void> {
  return withStore(async (store) => {
    const world = new PageWorld();
    const pages = openApprovals(answeringLate(store), world);
    const { approval, token } = ask(store, changes);
    pages.announce({ approvalId: approval.id, token, summary: approval.summary, ways: approval.ways });
    const link = /http:\S+/.exec(world.stderr.text)?.[0] ?? assert.fail(world.stderr.text);
    const post = async (action: "yes" | "no", fields: Record<string, string> = {}) => {
      const response = await fetch(`${link}/${action}`, { method: "POST", body: new URLSearchParams(fields) });
      return { status: response.status, html: await response.text() };
    };
    const get = async () => await (await fetch(link)).text();
    try {
      await body({ store, world, approval, link, get, answer: post, close: () => pages.close() });
    } finally {
      await pages.close();
    }
  });
}

function titleOf(html: string): string {
  return (/<h1>(.*?)<\/h1>/.exec(html)?.[1] ?? "").replaceAll("\u00a0", " ");
}

/** Gets the page until the answer that was just given is in the record. */
async function untilApproved({ store, approval, get }: PageTest): Promise<void> {
  const look = async () => {
    await get();
    return store.approvals.find(approval.id, NOW)?.state;
  };
  await lookUntil((state) => state === "approved", look, "the order was never approved");
}

/** Takes the answer for a call, as one that waits does. */
function take({ store, approval }: PageTest): void {
  assert.ok(store.approvals.take(approval.id, NOW) !== undefined);
}

/** A call has its order sent, under the approval's preview. */
function send({ store, approval }: PageTest): string {
  const begun = store.journal.begin(entry("a", { previewId: approval.previewId }), FREE, NOW);
  assert.equal(begun.kind, "begun");
  return entry("a").clientOrderId;
}

Deno.test("the approval page shows whether money is real, the order in one line, its details and its warnings separately", () =>
  onPage({ headline: "Buy 1 BTC & <more>" }, async ({ link }) => {
    const response = await fetch(link);
    const html = await response.text();
    assert.match(html, /<p class="exchange live"><b>LIVE<\/b> real money at api\.luno\.com<\/p>/);
    assert.equal(titleOf(html), "Buy 1 BTC &amp; &lt;more&gt;");
    assert.match(html, /<dt>Market<\/dt><dd>BTC\/ZAR \(XBTZAR\)<\/dd>/);
    assert.doesNotMatch(html, /Warning|<script|https?:\/\/|style="/);
    const [, style = ""] = /<style>(.*?)<\/style>/s.exec(html) ?? [];
    const hash = createHash("sha256").update(style).digest("base64");
    assert.ok(response.headers.get("content-security-policy")?.includes(`style-src 'sha256-${hash}'`) ?? false);
  }));

for (const [kind, words] of [["simulated", "SIMULATED"], ["paper", "PAPER"]] as const) {
  Deno.test(`the approval page says ${words} when no money is real`, () => {
    const summary = {
      exchange: { kind, host: "127.0.0.1:9" },
      side: "SELL",
      headline: "Sell",
      details: [],
      warnings: ["Mind <this>"],
    } as const;
    return onPage({ summary: { ...summary, details: [], warnings: [...summary.warnings] } }, async ({ get }) => {
      const html = await get();
      assert.match(html, new RegExp(`<p class="exchange ${kind}"><b>${words}</b> \\w+ funds`));
      assert.match(html, /<section class="note"><h2>Warning<\/h2><ul><li>Mind &lt;this&gt;<\/li><\/ul><\/section>/);
      assert.match(html, /<button class="yes">Approve and place sell order<\/button>/);
    });
  });
}

Deno.test("the approval page puts declining before placing, which requires a ticked box", () =>
  onPage({}, async (test) => {
    const html = await test.get();
    const order = [
      "/no",
      ">Decline<",
      "/yes",
      'type="checkbox" name="checked" value="yes" required',
      ">Approve and place buy order<",
    ];
    const places = order.map((part) => html.indexOf(part));
    assert.ok(places.every((place, index) => place > (places[index - 1] ?? 0)), String(places));
    assert.doesNotMatch(html, /autofocus|tabindex/);
    for (const body of [{}, { checked: "no" }, { other: "yes" }, { ...TICKED, filler: "x".repeat(2_000) }]) {
      const { status, html: again } = await test.answer("yes", body);
      assert.deepEqual([status, titleOf(again)], [409, titleOf(html)]);
      assert.match(again, /Tick the box first/);
    }
    assert.equal(test.store.approvals.find(test.approval.id, NOW)?.state, "pending");
  }));

Deno.test("the approval page marks a replacement as one", () =>
  onPage({ action: "replace" }, async ({ store, link }) => {
    const { approval, token } = ask(store, {
      action: "replace",
      summary: {
        exchange: { kind: "live", host: "api.luno.com" },
        side: "SELL",
        replaces: "BX1",
        headline: "Sell, in place of order BX1",
        details: [],
        warnings: [],
      },
    });
    const html = await (await fetch(link.replace(/[^/]+$/, token))).text();
    assert.equal(titleOf(html), approval.summary.headline);
    assert.match(html, /<button class="yes">Approve and replace by this sell order<\/button>/);
  }));

Deno.test("the approval page shows the outcome with the answer: placed, with its id", () =>
  onPage({}, async (test) => {
    const answering = test.answer("yes", TICKED);
    await untilApproved(test);
    take(test);
    test.store.journal.settle(send(test), { state: "placed", orderId: "BX1" }, NOW);
    const { status, html } = await answering;
    assert.equal(status, 200);
    const later = await test.get();
    assert.equal(titleOf(later), "Placed");
    assert.match(later, /<p>The exchange has it, as order BX1\.<\/p>/);
    assert.doesNotMatch(later, /http-equiv="refresh"|<form/);
    assert.ok(["Placed", "Approved, not sent yet", "Approved, on its way"].includes(titleOf(html)), html);
  }));

Deno.test("the approval page follows an order without a script until its outcome is known: pending, being sent, unknown, not placed", () =>
  onPage({}, async (test) => {
    const { html } = await test.answer("yes", TICKED);
    assert.equal(titleOf(html), "Approved, not sent yet");
    const refresh = /<meta http-equiv="refresh" content="(\d+); url=\/approve\/[\w-]+">/;
    assert.match(html, refresh);
    take(test);
    assert.equal(titleOf(await test.get()), "Approved, on its way");
    const id = send(test);
    assert.equal(titleOf(await test.get()), "Approved, on its way");
    test.store.journal.settle(id, { state: "unknown", reason: "ERR_TIMEOUT" }, NOW);
    const unknown = await test.get();
    assert.equal(titleOf(unknown), "Not known yet");
    assert.match(unknown, /it may exist/);
    assert.match(unknown, refresh);
    test.store.journal.settle(id, { state: "not_placed", reason: "ERR_INSUFFICIENT_FUNDS" }, NOW);
    const over = await test.get();
    assert.equal(titleOf(over), "Not placed");
    assert.doesNotMatch(over, refresh);
  }));

Deno.test("the approval page says why an approved order was not sent", () =>
  onPage({}, async (test) => {
    await test.answer("yes", TICKED);
    take(test);
    test.store.approvals.conclude(test.approval.id, "Cannot trade as trading is halted <now>");
    const html = await test.get();
    assert.equal(titleOf(html), "Not placed");
    assert.match(html, /<p>Cannot trade as trading is halted &lt;now&gt;\.<\/p>/);
  }));

Deno.test("the approval page says that nothing was sent of an order that was declined, expired, or approved too late", () =>
  onPage({}, async (test) => {
    const forgotten = ask(test.store);
    const vain = ask(test.store, { order: { ...ORDER, volume: "0.002" } });
    test.store.approvals.decide(vain.id, { approved: true, by: "terminal", now: NOW });
    const page = async (token: string) => await (await fetch(test.link.replace(/[^/]+$/, token))).text();
    const declined = await test.answer("no");
    assert.deepEqual([declined.status, titleOf(declined.html)], [200, "Not placed"]);
    assert.match(declined.html, /It was declined: nothing was sent/);
    const late = await test.answer("yes", TICKED);
    assert.equal(late.status, 409);
    assert.match(late.html, /The order was decided already/);
    test.world.clock = NOW + CONFIRMATION_LIFETIME_MS;
    assert.match(await page(forgotten.token), /Nothing was sent, as nobody answered in time/);
    assert.match(await page(vain.token), /Nothing was sent, as no call came for it in time/);
  }));

Deno.test("the approval page reloads when its time is over, and names equal orders that are pending too", () =>
  onPage({}, async ({ store, get }) => {
    const seconds = CONFIRMATION_LIFETIME_MS / 1_000 + 1;
    assert.ok((await get()).includes(`<meta http-equiv="refresh" content="${seconds}; url=`));
    ask(store);
    assert.match(await get(), /<li>Another equal order of this client waits for approval too/);
  }));

Deno.test("an order that only a terminal may decide has no page, and one that only the page may has no command", () =>
  withStore(async (store) => {
    for (
      const [way, expected] of [["terminal", /^ {2}run: luno-mcp-server approve \w+$/m], [
        "page",
        /^ {2}open http:\S+$/m,
      ]] as const
    ) {
      const world = new PageWorld();
      const pages = openApprovals(answeringLate(store), world);
      const { approval, token } = ask(store, { ways: [way] });
      pages.announce({ approvalId: approval.id, token, summary: approval.summary, ways: approval.ways });
      await pages.close();
      assert.match(
        world.stderr.text,
        /^An order is waiting for approval: Buy 0\.001 BTC for about 1 000 ZAR \(LIVE: real money/,
      );
      assert.match(world.stderr.text, expected);
      assert.equal(world.stderr.text.trim().split("\n").length, 2);
    }
  }));

Deno.test("when the server ends, a pending answer is sent with the outcome known by then", () =>
  onPage({}, async (test) => {
    const answering = test.answer("yes", TICKED);
    await untilApproved(test);
    take(test);
    test.store.journal.settle(send(test), { state: "placed", orderId: "BX1" }, NOW);
    await test.close();
    const { status } = await answering;
    assert.equal(status, 200);
    await assert.rejects(test.get());
  }));

Deno.test("openApprovals() keeps links out of the log, in a file that only its owner can read", () =>
  withStore(async (store, { folder }) => {
    const world = new PageWorld();
    const victim = `${folder}/victim`;
    await Deno.writeTextFile(victim, "precious");
    await link(victim, `${folder}/${LINKS_FILE}`);
    const logging = startLogging({ level: "info", format: "json", secrets: [], output: world.stderr });
    const pages = openApprovals(answeringLate(store), world, await ApprovalLinks.open(folder));
    const { approval, token } = ask(store, {});
    pages.announce({ approvalId: approval.id, token, summary: approval.summary, ways: approval.ways });
    await pages.close();
    await logging.stop();
    const records = world.stderr.text.trim().split("\n").map((line) => JSON.parse(line));
    assert.equal(records.length, 1);
    assert.equal(records[0].properties.command, `luno-mcp-server approve ${approval.id}`);
    assert.ok(!world.stderr.text.includes(token) && !world.stderr.text.includes("http://"), world.stderr.text);
    const path = `${folder}/${LINKS_FILE}`;
    assert.equal(records[0].properties.links_file, path);
    assert.match(
      await Deno.readTextFile(path),
      new RegExp(`^${approval.id} http://127\\.0\\.0\\.1:\\d+/approve/${token} Buy`),
    );
    const { mode, isSymlink } = await Deno.lstat(path);
    assert.deepEqual([(mode ?? 0) & 0o777, isSymlink], [0o600, false]);
    assert.equal(await Deno.readTextFile(victim), "precious");
  }));
