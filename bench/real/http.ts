/**
 * Prices over HTTP, kept alive: REST, and Streamable HTTP of each revision, 20 connections with one call in flight each. The bare
 * server gets the same requests, down to the header fields.
 */

import { startBare, startOurs } from "../socket_servers.ts";
import { contest } from "./contest.ts";
import { Load } from "./load.ts";
import type { Row } from "./row.ts";

const LISTENERS = ["native", "hardened"] as const;

const FORMS = [
  ["REST", "rest"],
  ["Streamable HTTP 2025-11-25", "mcp-2025"],
  ["Streamable HTTP 2026-07-28", "mcp-2026"],
] as const;

const CALL = { name: "get_crypto_price", arguments: { pair: "XBTZAR" } };

/** Measures each form on each listener. */
export async function* httpRows(): AsyncGenerator<Row> {
  for (const listener of LISTENERS) {
    await using ours = await startOurs(listener);
    for (const [name, wire] of FORMS) {
      const plan = { wire, connections: 20, inFlight: 1, calls: [CALL] };
      await using load = await Load.start({ ...plan, port: portOf(ours.address) }, ours.pid);
      const { answerBytes } = await load.run(500);
      await using bare = await startBare(listener, Math.round(answerBytes), "http");
      await using bareLoad = await Load.start({ ...plan, isBare: true, port: portOf(bare.address) }, bare.pid);
      yield { work: `${name} ${CALL.name}`, with: listener, ...await contest(load, bareLoad), aim: 0.6, then: 0.8 };
    }
  }
}

function portOf(address: string): number {
  return Number(new URL(address).port);
}
