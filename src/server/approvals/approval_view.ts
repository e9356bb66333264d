/**
 * The HTML of the page on which a person approves one order: no script, no external resources, the same style for both
 * sides of the market. Declining comes before placing, which requires ticking a box.
 */

import { createHash } from "node:crypto";
import type { Outcome } from "../../trading/confirmation/approval_outcome.ts";
import type { Approval } from "../../trading/record/approval.ts";
import { describeExchange } from "../../trading/orders/order_summary.ts";
import type { OrderSummary } from "../../trading/orders/order_summary.ts";
import { clockTime } from "../../text/clock_time.ts";

/** The content of a page beside the order. */
export interface PageFacts {
  /** The secret part of its address. */
  readonly token: string;
  readonly outcome: Outcome;
  /** Present warnings, shown before those of the order. */
  readonly warnings: readonly string[];
  /** Why the last answer had no effect. */
  readonly problem?: string;
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly now: number;
}

/** The name of the box that must be ticked before an order is placed. */
export const CHECKED = "checked";

const STYLE = `
:root{color-scheme:light dark;--ink:#16181d;--dim:#565c66;--paper:#fff;--card:#f5f6f8;--line:#d3d7de;
--warn:#fff4d6;--warn-line:#c98a00;--live:#ffd54a;--live-ink:#231a00;--sim:#dbe4f0;--sim-ink:#1d2a3a}
@media(prefers-color-scheme:dark){:root{--ink:#eceef2;--dim:#a3a9b4;--paper:#15171b;--card:#1e2126;--line:#3b4049;
--warn:#33290f;--warn-line:#b98a1c;--live:#ffcf33;--live-ink:#231a00;--sim:#2b3646;--sim-ink:#dbe4f0}}
*{box-sizing:border-box}
body{margin:0;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
.exchange{margin:0;padding:.7rem 1rem;text-align:center;background:var(--sim);color:var(--sim-ink)}
.exchange b{letter-spacing:.08em}
.live{background:var(--live);color:var(--live-ink)}
main{max-width:40rem;margin:0 auto;padding:1.5rem 1rem 3rem;overflow-wrap:anywhere}
h1{font-size:1.6rem;line-height:1.25;margin:.2rem 0 1rem;text-wrap:balance}
h2{font-size:1rem;margin:0}
.lead{margin:0;color:var(--dim)}
.note{margin:1rem 0;padding:.8rem 1rem;border:1px solid var(--warn-line);border-left-width:.4rem;border-radius:.4rem;
background:var(--warn)}
.note ul{margin:.2rem 0 0;padding-left:1.2rem}
dl{margin:1rem 0;padding:.3rem 1rem;border:1px solid var(--line);border-radius:.4rem;background:var(--card)}
dl div{display:grid;grid-template-columns:11rem 1fr;gap:0 1rem;padding:.45rem 0;border-top:1px solid var(--line)}
dl div:first-child{border-top:0}
dt{color:var(--dim)}
dd{margin:0;font-variant-numeric:tabular-nums}
.answers{display:flex;flex-wrap:wrap;align-items:flex-start;justify-content:space-between;gap:1.2rem;margin-top:1.5rem}
label{display:flex;gap:.6rem;align-items:center;margin-bottom:.8rem;cursor:pointer}
input{width:1.2rem;height:1.2rem;margin:0;flex:none;accent-color:var(--ink)}
button{font:inherit;font-weight:600;padding:.65rem 1.3rem;border:2px solid var(--ink);border-radius:.4rem;
background:transparent;color:var(--ink);cursor:pointer}
button.yes{background:var(--ink);color:var(--paper)}
:focus-visible{outline:3px solid var(--warn-line);outline-offset:3px}
@media(max-width:34rem){dl div{grid-template-columns:1fr}.answers{flex-direction:column;align-items:stretch}
button{width:100%}h1{font-size:1.4rem}}
`.replaceAll("\n", "");

const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");

/** The page about one order, in any state. */
export function orderPage(approval: Approval, facts: PageFacts): Response {
  const { summary } = approval;
  const { outcome, problem } = facts;
  const isPending = outcome.kind === "pending";
  const title = isPending ? summary.headline : TITLES[outcome.kind];
  return page(title, {
    status: problem === undefined ? 200 : 409,
    exchange: summary.exchange,
    refresh: refreshOf(approval, facts),
    body: [
      `<p class="lead">${isPending ? "An order waits for you" : escaped(summary.headline)}</p>`,
      `<h1>${escaped(title)}</h1>`,
      problem === undefined ? "" : note("Nothing has changed", [problem]),
      isPending ? warningsOf([...facts.warnings, ...summary.warnings]) : `<p>${escaped(outcome.sentence)}.</p>`,
      isPending ? "" : "<h2>As it was asked for</h2>",
      detailsOf(summary),
      isPending ? answersOf(approval, facts.token) : "",
    ].join(""),
  });
}

/** A page without an order. */
export function plainPage(title: string, { status, text }: { status: number; text: string }): Response {
  return page(title, { status, body: `<h1>${escaped(title)}</h1><p>${escaped(text)}</p>` });
}

const TITLES: Readonly<Record<Exclude<Outcome["kind"], "pending">, string>> = {
  waiting: "Approved, not sent yet",
  under_way: "Approved, on its way",
  placed: "Placed",
  not_placed: "Not placed",
  unknown: "Not known yet",
};

/** Seconds until the page reloads. */
const REFRESH_SECONDS: Readonly<Record<Outcome["kind"], number | undefined>> = {
  pending: undefined,
  waiting: 2,
  under_way: 1,
  placed: undefined,
  not_placed: undefined,
  unknown: 5,
};

function refreshOf({ expiresAt }: Approval, { token, outcome, now }: PageFacts): string {
  const untilOver = Math.ceil((expiresAt - now) / 1_000) + 1;
  const seconds = outcome.kind === "pending" ? untilOver : REFRESH_SECONDS[outcome.kind];
  return seconds === undefined ? "" : `<meta http-equiv="refresh" content="${seconds}; url=/approve/${token}">`;
}

function warningsOf(warnings: readonly string[]): string {
  return warnings.length === 0 ? "" : note(warnings.length === 1 ? "Warning" : "Warnings", warnings);
}

function note(title: string, lines: readonly string[]): string {
  const items = lines.map((line) => `<li>${escaped(line)}</li>`).join("");
  return `<section class="note"><h2>${escaped(title)}</h2><ul>${items}</ul></section>`;
}

function detailsOf({ details }: OrderSummary): string {
  const rows = details.map(({ label, value }) => `<div><dt>${escaped(label)}</dt><dd>${escaped(value)}</dd></div>`);
  return `<dl>${rows.join("")}</dl>`;
}

function answersOf({ summary, expiresAt }: Approval, token: string): string {
  const verb = summary.replaces === undefined ? "place" : "replace by this";
  const order = `${summary.side === "BUY" ? "buy" : "sell"} order`;
  const form = (action: "yes" | "no", content: string) =>
    `<form method="post" action="/approve/${token}/${action}">${content}</form>`;
  const box = `<label><input type="checkbox" name="${CHECKED}" value="yes" required>I have checked this order</label>`;
  return `<p>Nothing is sent without your answer. It can be given until <time>${clockTime(expiresAt)}</time>.</p>` +
    `<div class="answers">${form("no", `<button class="no">Decline</button>`)}` +
    `${form("yes", `${box}<button class="yes">Approve and ${verb} ${order}</button>`)}</div>`;
}

function page(
  title: string,
  { status, exchange, refresh = "", body }: {
    status: number;
    exchange?: OrderSummary["exchange"];
    refresh?: string;
    body: string;
  },
): Response {
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title>` +
    `<meta name="viewport" content="width=device-width,initial-scale=1">${refresh}<style>${STYLE}</style></head>` +
    `<body>${exchange === undefined ? "" : bannerOf(exchange)}<main>${body}</main></body></html>`;
  return new Response(html, {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self'; ` +
        "frame-ancestors 'none'; base-uri 'none'",
      // Under no-referrer, browsers send the form with the origin "null", like any foreign page.
      "referrer-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    },
  });
}

function bannerOf(exchange: OrderSummary["exchange"]): string {
  const [kind = "", ...rest] = describeExchange(exchange).split(": ");
  return `<p class="exchange ${exchange.kind}"><b>${escaped(kind)}</b> ${escaped(rest.join(": "))}</p>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
