/**
 * A page on loopback on which a person approves one order: behind a one-time link that stands on the server's stderr and
 * nowhere else, without a script, and without anything from elsewhere.
 */

import { judgeOrigin } from "../access/origin_rules.ts";
import type { Approval } from "../trading/approvals.ts";
import type { Announcement } from "../trading/confirmation_desk.ts";
import { StoreError } from "../trading/store_connection.ts";
import type { TradingStore } from "../trading/store.ts";
import { print } from "./world.ts";
import type { World } from "./world.ts";

/** Tells the operator about orders that wait, and serves their pages. */
export interface ApprovalPages {
  announce(order: Announcement): void;
  close(): Promise<void>;
}

/** Who decides, in the record. */
const BY = "page";

const STYLE = "body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem;color:#1a1a1a}" +
  "pre{white-space:pre-wrap;background:#f4f4f4;border:1px solid #ccc;border-radius:.4rem;padding:1rem}" +
  "button{font:inherit;padding:.5rem 1.2rem;margin-right:.8rem;border:1px solid #555;border-radius:.4rem;background:#fff}" +
  "button.yes{background:#0b6b35;border-color:#0b6b35;color:#fff}";

/** Prepares the pages; a port is taken with the first order that waits. */
export function openApprovals(store: TradingStore, world: World): ApprovalPages {
  const over = new AbortController();
  let server: Deno.HttpServer<Deno.NetAddr> | undefined;
  return {
    announce({ approvalId, token, text, ways }) {
      const [order = ""] = text.split("\n");
      const places = ways.map((way) => {
        if (way === "terminal") return `run: luno-mcp-server approve ${approvalId}`;
        server ??= serve(store, world, over.signal);
        return `open http://127.0.0.1:${server.addr.port}/approve/${token}`;
      });
      void print(world.stderr, `An order waits for a person: ${order}\n  ${places.join("\n  or ")}`);
    },
    async close() {
      over.abort();
      await server?.finished;
    },
  };
}

function serve(store: TradingStore, world: World, signal: AbortSignal): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, signal, onListen() {} }, (request) => {
    try {
      return answer(request, store, world);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return page("Not possible", `<p>${escaped(error.message)}</p>`, 503);
    }
  });
}

function answer(request: Request, store: TradingStore, world: World): Response {
  const rules = { allowedHosts: [], allowedOrigins: [], allowLoopback: true };
  if (judgeOrigin(request.headers, rules) !== undefined) {
    return page("Not allowed", "<p>Open the link that the server printed, in a browser on this machine.</p>", 403);
  }
  const [, token = "", action] = /^\/approve\/([\w-]{20,100})(?:\/(yes|no))?$/.exec(new URL(request.url).pathname) ??
    [];
  const approval = token === "" ? undefined : store.approvals.findByToken(token, world.now());
  if (approval === undefined) return page("Unknown", "<p>No order waits under this address.</p>", 404);
  if (action === undefined && request.method === "GET") return show(approval, token);
  if (action === undefined || request.method !== "POST") return page("Not allowed", "", 405);
  const decided = store.approvals.decide(approval.id, { approved: action === "yes", by: BY, now: world.now() });
  if (decided.ok) {
    return page(
      action === "yes" ? "Approved" : "Declined",
      `<pre>${escaped(approval.text)}</pre><p>You can close this page.</p>`,
    );
  }
  return page("Too late", `<p>This order is ${decided.reason}: nothing has changed.</p>`, 409);
}

function show({ text, state, expiresAt }: Approval, token: string): Response {
  const order = `<pre>${escaped(text)}</pre>`;
  if (state !== "pending") return page("Over", `${order}<p>This order is ${state}.</p>`, 410);
  const form = (action: "yes" | "no", label: string) =>
    `<form method="post" action="/approve/${token}/${action}" style="display:inline">` +
    `<button class="${action}">${label}</button></form>`;
  const until = `<p>Until ${timeOf(expiresAt)}; nothing is sent without your approval.</p>`;
  return page("Place this order?", `${order}${until}${form("yes", "Place the order")}${form("no", "Decline")}`);
}

function page(title: string, body: string, status = 200): Response {
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>` +
    `<meta name="viewport" content="width=device-width"><style>${STYLE}</style></head>` +
    `<body><h1>${title}</h1>${body}</body></html>`;
  return new Response(html, {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy":
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
      // Under no-referrer browsers send the form with the origin "null", which nobody could tell from a foreign page's.
      "referrer-policy": "same-origin",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    },
  });
}

/** `14:32:57 UTC`. */
function timeOf(at: number): string {
  return `${new Date(at).toISOString().slice(11, 19)} UTC`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
