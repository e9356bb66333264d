/** The cost of authentication: each identity source against none, in turns, on the same listener. */

import { createKey, IdentityProvider, signToken } from "../tests/access/identity_provider.ts";
import { HttpPeer, httpRate } from "./http_peer.ts";
import type { HttpPeerOptions } from "./http_peer.ts";
import { median, report } from "./report.ts";
import { CALL, callRate, connectMany, SocketPeer } from "./socket_peer.ts";
import type { PeerOptions } from "./socket_peer.ts";
import { createCertificates, residentMiB, runOurs, startOurs, writePrivate } from "./socket_servers.ts";
import type { BenchCertificates, BenchServer } from "./socket_servers.ts";

const ROUNDS = 15;
const ROUND_MS = 400;
const SCOPES = "market:read,account:read,orders:write,funds:write,server:admin";
const STATE = "dist/bench-state";
/** Pings would occur in some rounds and not in others. */
const QUIET = ["--ping-interval", "600"];
const NO_KEYS = ["--state", `${STATE}/none`];
const AUDIENCE = "http://localhost/mcp";

/** How a server authenticates callers, and how one of them authenticates. */
interface Variant {
  readonly source: string;
  readonly args: readonly string[];
  readonly socket: PeerOptions;
  readonly http: Omit<HttpPeerOptions, "port">;
}

/** Variants that differ only in their source; the first one has none. */
interface Contest {
  readonly listener: string;
  readonly variants: readonly Variant[];
}

/** Runs all figures about access. Every caller has the same rights, so that all answers have the same length. */
export async function benchAccess(): Promise<void> {
  const key = await createApiKey();
  const signing = await createKey("RS256", "bench");
  await using issuer = new IdentityProvider(signing);
  const exp = Math.floor(Date.now() / 1_000) + 7_200;
  const claims = { iss: issuer.url, aud: AUDIENCE, sub: "bench", exp, scope: SCOPES.replaceAll(",", " ") };
  const token = await signToken(signing, { claims });
  const certificates = await createCertificates();
  const bearers = [
    bearer("none", NO_KEYS, undefined),
    bearer("API key", ["--state", STATE], key),
    bearer("token", [...NO_KEYS, ...tokenArgs(issuer)], token),
  ];
  const secured = await certifiedVariants(certificates);
  const contests: Contest[] = [
    { listener: "native", variants: bearers },
    { listener: "hardened", variants: bearers },
    { listener: "hardened", variants: secured },
  ];
  for (const contest of contests) await benchContest(contest);
  await benchIdle(secured);
  certificates.client.close();
  certificates.certified.close();
}

function bearer(source: string, args: readonly string[], credential: string | undefined): Variant {
  const headers: Record<string, string> = credential === undefined ? {} : { authorization: `Bearer ${credential}` };
  return { source, args, socket: { headers }, http: { headers } };
}

function tokenArgs({ url, jwksUrl }: IdentityProvider): string[] {
  return ["--jwt-issuer", url, "--jwt-audience", AUDIENCE, "--jwks-url", jwksUrl.href];
}

async function certifiedVariants(
  { args, client, certified, pem, clientAuthorities }: BenchCertificates,
): Promise<Variant[]> {
  const access = "dist/bench-access.json";
  await writePrivate(access, JSON.stringify({ default: { scopes: SCOPES.split(",") } }));
  const secure = [...args, ...NO_KEYS];
  return [
    { source: "none, TLS", args: secure, socket: { client }, http: { pem: { ca: pem.ca } } },
    {
      source: "certificate",
      args: [...secure, "--ssl-client-ca", clientAuthorities, "--access", access],
      socket: { client: certified },
      http: { pem },
    },
  ];
}

async function createApiKey(): Promise<string> {
  await Deno.mkdir(`${STATE}/none`, { recursive: true, mode: 0o700 });
  await runOurs(["keys", "revoke", "bench", "--state", STATE]).catch(() => {}); // The first run has none.
  return await runOurs(["keys", "create", "bench", "--scopes", SCOPES, "--state", STATE]);
}

async function benchContest({ listener, variants }: Contest): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const runs = await Promise.all(variants.map(async (variant) => {
    const server = stack.use(await startOurs(listener, [...QUIET, ...variant.args]));
    const port = Number(new URL(server.address).port);
    const peers = await connectMany(server, 50, variant.socket);
    return { variant, server, peers, http: { port, ...variant.http } };
  }));
  type Run = (typeof runs)[number];
  const figures: Record<string, (run: Run) => Promise<number>> = {
    "calls over WebSocket, 50 x 4": ({ peers }) => callRate(peers, { inFlight: 4, ms: ROUND_MS }),
    "calls over REST, 8 connections": ({ http }) => restRate(http),
    "connect, call, close": ({ server, variant }) => connectRate(server, variant.socket),
  };
  for (const [figure, measure] of Object.entries(figures)) {
    const rates = await inTurns(runs, measure);
    for (const [index, { source }] of variants.entries()) {
      const each = rates[index] ?? [];
      const ratio = median(each.map((rate, round) => rate / (rates[0]?.[round] ?? NaN)));
      report({ figure, listener, source, per_second: median(each), ratio });
    }
  }
  for (const { peers } of runs) await Promise.all(peers.map((peer) => peer.close()));
}

/** Rates of each variant in each round; the order alternates, so that noise and warm-up affect all alike. */
async function inTurns<Run>(runs: readonly Run[], measure: (run: Run) => Promise<number>): Promise<number[][]> {
  const rates: number[][] = runs.map(() => []);
  for (const run of runs) await measure(run);
  for (let round = 0; round < ROUNDS; round++) {
    for (let turn = 0; turn < runs.length; turn++) {
      const index = (round + turn) % runs.length;
      const run = runs[index];
      if (run !== undefined) rates[index]?.push(await measure(run));
    }
  }
  return rates;
}

/** Measures on new connections each time, since the server ends idle ones. */
async function restRate(options: HttpPeerOptions): Promise<number> {
  const peers = await Promise.all(
    Array.from({ length: 8 }, () => HttpPeer.connect(`/v1/tools/${CALL.name}`, options)),
  );
  const rate = await httpRate(peers, ROUND_MS);
  for (const peer of peers) peer.close();
  return rate;
}

/** Connects, calls once and closes, eight at a time; returns connections per second. */
async function connectRate({ address }: BenchServer, options: PeerOptions): Promise<number> {
  const started = performance.now();
  let connects = 0;
  await Promise.all(Array.from({ length: 8 }, async () => {
    while (performance.now() - started < ROUND_MS) {
      const peer = await SocketPeer.connect(address, options);
      await peer.request(CALL.name);
      await peer.close();
      connects++;
    }
  }));
  return connects / ((performance.now() - started) / 1_000);
}

/** Measures the memory of a thousand idle connections, with a client certificate and without. */
async function benchIdle(variants: readonly Variant[]): Promise<void> {
  const connections = 1_000;
  const sizes: number[][] = variants.map(() => []);
  for (let round = 0; round < 3; round++) {
    for (const [index, { args, socket }] of variants.entries()) {
      await using server = await startOurs("hardened", [...QUIET, ...args]);
      await connectMany(server, 20, socket);
      const before = await residentMiB(server.pid);
      await connectMany(server, connections, socket);
      sizes[index]?.push((await residentMiB(server.pid) - before) * 1_024 / connections);
    }
  }
  for (const [index, { source }] of variants.entries()) {
    report({
      figure: "memory of an idle connection",
      listener: "hardened",
      source,
      connections,
      kib_each: median(sizes[index] ?? []),
    });
  }
}
