/**
 * Serves a loopback page on which a person approves one order, behind a one-time link. The link is printed if stderr is
 * a terminal; otherwise, as stderr may be stored or collected, it is written to a private file. After the decision the
 * page shows what became of the order, while the server runs.
 */

import { getLogger } from "../../logging/logger.ts";
import { checkOrigin } from "../../access/origin_rules.ts";
import { sleep } from "../../timing/sleep.ts";
import { LastingServer } from "../../network/lasting_server.ts";
import { outcomeOf } from "../../trading/confirmation/approval_outcome.ts";
import type { Outcome } from "../../trading/confirmation/approval_outcome.ts";
import type { Approval, Decided } from "../../trading/record/approval.ts";
import { EQUAL_WAITS } from "../../trading/confirmation/confirmer.ts";
import type { Announcement } from "../../trading/confirmation/confirmer.ts";
import { describeExchange, plainSpaces } from "../../trading/orders/order_summary.ts";
import { StoreError } from "../../trading/record/store_error.ts";
import type { Approvals } from "../../trading/record/approvals.ts";
import type { Journal } from "../../trading/record/journal.ts";
import { settledWithin } from "../../transport/settled.ts";
import { CHECKED, orderPage, plainPage } from "./approval_view.ts";
import type { ApprovalLinks } from "./approval_links.ts";
import { print } from "../../world.ts";
import type { World } from "../../world.ts";

/** Tells the operator about waiting orders, and serves their pages. */
export interface ApprovalPages {
  announce(order: Announcement): void;
  close(): Promise<void>;
}

/** What the pages need of the record. */
export interface PagesRecord {
  readonly approvals: Pick<Approvals, "find" | "findByToken" | "decide" | "equalTo">;
  readonly journal: Pick<Journal, "findByPreview">;
}

const log = getLogger(["luno-mcp-server", "trading"]);

/** The approver, in the audit log. */
const BY = "page";

/** How long the response to a decision waits for the order's outcome; afterwards the page reloads. */
const OUTCOME_WAIT_MS = 3_000;

const OUTCOME_LOOK_MS = 50;

/** How long responses in progress may take when the server ends. */
const CLOSING_MS = 500;

/** Far larger than any form of the page. */
const MAX_FORM_BYTES = 1_024;

/** Prepares the pages; a port is opened with the first waiting order. With `links`, stderr gets log records only. */
export function openApprovals(record: PagesRecord, world: World, links?: ApprovalLinks): ApprovalPages {
  let pages: Pages | undefined;
  const linkOf = (token: string): string => (pages ??= new Pages(record, world)).linkOf(token);
  return {
    announce({ approvalId, token, summary, ways }) {
      const order = plainSpaces(`${summary.headline} (${describeExchange(summary.exchange)})`);
      if (links !== undefined) {
        const hasPage = ways.includes("page");
        const page = hasPage ? { links_file: links.path } : {};
        const terminal = ways.includes("terminal") ? { command: `luno-mcp-server approve ${approvalId}` } : {};
        const tell = () =>
          log.warning("order waiting for approval", { approval_id: approvalId, order, ...page, ...terminal });
        return hasPage ? void links.add(`${approvalId} ${linkOf(token)} ${order}`).then(tell) : tell();
      }
      const places = ways.map((way) => {
        return way === "terminal" ? `run: luno-mcp-server approve ${approvalId}` : `open ${linkOf(token)}`;
      });
      void print(world.stderr, `An order is waiting for approval: ${order}\n  ${places.join("\n  or ")}`);
    },
    async close() {
      await pages?.close();
      await links?.close();
    },
  };
}

/** The pages of one server, on their own port. */
class Pages {
  readonly #record: PagesRecord;
  readonly #world: World;
  readonly #server: LastingServer;
  readonly #closing = new AbortController();
  readonly #over = new AbortController();

  constructor(record: PagesRecord, world: World) {
    this.#record = record;
    this.#world = world;
    const options = { hostname: "127.0.0.1", port: 0, signal: this.#over.signal };
    this.#server = new LastingServer(options, (request) => this.#respond(request));
  }

  linkOf(token: string): string {
    return `http://127.0.0.1:${this.#server.addr.port}/approve/${token}`;
  }

  /** Closes; a response that waits for an outcome is sent with what is known. */
  async close(): Promise<void> {
    this.#closing.abort();
    if (await settledWithin([this.#server.shutdown()], CLOSING_MS)) return;
    this.#over.abort();
    // With a peer that does not read, the server never finishes.
    await settledWithin([this.#server.finished], CLOSING_MS);
  }

  async #respond(request: Request): Promise<Response> {
    try {
      return await this.#answer(request);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return plainPage("Not possible", { status: 503, text: error.message });
    }
  }

  async #answer(request: Request): Promise<Response> {
    const rules = { allowedHosts: [], allowedOrigins: [], allowLoopback: true };
    if (checkOrigin(request.headers, rules) !== undefined) {
      const text = "Open the link from the server in a browser on this machine.";
      return plainPage("Not allowed", { status: 403, text });
    }
    const { pathname } = new URL(request.url);
    const [, token = "", action] = /^\/approve\/([\w-]{20,100})(?:\/(yes|no))?$/.exec(pathname) ?? [];
    const { approvals } = this.#record;
    const approval = token === "" ? undefined : await approvals.findByToken(token, this.#world.now());
    if (approval === undefined) {
      return plainPage("Unknown", { status: 404, text: "No order waits under this address." });
    }
    if (request.method !== (action === undefined ? "GET" : "POST")) {
      return plainPage("Not allowed", { status: 405, text: "Open the link from the server." });
    }
    if (action === undefined) return await this.#show(approval.id, token);
    if (action === "yes" && !await isChecked(request)) {
      return await this.#show(approval.id, token, "Tick the box first: I have checked this order");
    }
    const approved = action === "yes";
    const decided = await approvals.decide(approval.id, { approved, by: BY, now: this.#world.now() });
    if (!decided.ok) return await this.#show(approval.id, token, PROBLEMS[decided.reason]);
    await this.#settled(approval.id);
    return await this.#show(approval.id, token);
  }

  async #show(id: string, token: string, problem?: string): Promise<Response> {
    const now = this.#world.now();
    const { approvals } = this.#record;
    const approval = await approvals.find(id, now);
    if (approval === undefined) {
      return plainPage("Unknown", { status: 404, text: "No order waits under this address." });
    }
    const warnings = (await approvals.equalTo(approval, now)).length === 0 ? [] : [EQUAL_WAITS];
    const facts = { token, outcome: await this.#outcomeOf(approval), warnings, now };
    return orderPage(approval, problem === undefined ? facts : { ...facts, problem });
  }

  async #outcomeOf(approval: Approval): Promise<Outcome> {
    return outcomeOf(approval, await this.#record.journal.findByPreview(approval.previewId), this.#world.now());
  }

  /** Waits a while for the outcome of the order. */
  async #settled(id: string): Promise<void> {
    const world = this.#world;
    const { signal } = this.#closing;
    const untilMs = world.monotonic() + OUTCOME_WAIT_MS;
    while (world.monotonic() < untilMs && !signal.aborted) {
      const approval = await this.#record.approvals.find(id, world.now());
      const kind = approval === undefined ? undefined : (await this.#outcomeOf(approval)).kind;
      if (kind !== "waiting" && kind !== "under_way") return;
      await sleep(OUTCOME_LOOK_MS, signal).catch(() => {});
    }
  }
}

const PROBLEMS: Readonly<Record<Extract<Decided, { ok: false }>["reason"], string>> = {
  unknown: "No order waits under this address",
  expired: "The time to answer is over",
  decided: "The order was decided already",
  elsewhere: "By the policy this order is decided in a terminal only",
};

/** Whether the box was ticked. */
async function isChecked(request: Request): Promise<boolean> {
  const length = Number(request.headers.get("content-length") ?? "NaN");
  if (!(length <= MAX_FORM_BYTES)) return false;
  return new URLSearchParams(await request.text().catch(() => "")).get(CHECKED) === "yes";
}
