/** The server's `/status`: what `status` prints, and what only the server knows. */

import { tellableStatus } from "../../exchange/clock_skew.ts";
import type { HttpSession } from "../../transport/http/http_session.ts";
import { exposureWarnings } from "./exposure_warnings.ts";
import { reportRecord } from "../instances/folder_use.ts";
import { IDENTITY } from "./network_parts.ts";
import type { NetworkParts } from "./network_parts.ts";
import type { SessionListing } from "./session_overview.ts";
import type { LoadedConfig } from "../../config/load.ts";
import { tradingRecord } from "../trading_facts.ts";

/** The present state to report. */
export interface ServerMoment {
  readonly loaded: LoadedConfig;
  readonly isReady: boolean;
  /** Since the start. */
  readonly uptimeMs: number;
  readonly sessions: Iterable<HttpSession>;
  /** Over all servers. */
  readonly overAll: SessionListing;
}

/** The complete report, for operators. */
export async function statusReport(
  parts: NetworkParts,
  { loaded, isReady, uptimeMs, sessions, overAll }: ServerMoment,
): Promise<Readonly<Record<string, unknown>>> {
  const { access, registry, backend: { presence, trading, opened } } = parts;
  const report = presence && reportRecord(presence.report);
  const facts = await trading?.facts();
  return {
    server: IDENTITY.name,
    version: IDENTITY.version,
    ...report,
    trading: {
      ...report?.trading,
      ...(trading === undefined ? {} : facts === undefined ? { halt: null } : tradingRecord(facts, trading.policyOf)),
    },
    ready: isReady,
    identity_sources: access.sources,
    warnings: exposureWarnings(loaded),
    uptime_ms: Math.round(uptimeMs),
    exchange_client: opened === undefined ? null : tellableStatus(opened.exchange.status()),
    connections: registry.status(),
    sessions: overAll,
    http_sessions: [...sessions].map((session) => sessionStatus(session, parts)),
  };
}

function sessionStatus(
  { identity, client, sinceMs, lastSeenMs, inFlight }: HttpSession,
  { registry, monotonic }: NetworkParts,
): Readonly<Record<string, unknown>> {
  const now = monotonic();
  const { name = null, version = null } = client ?? {};
  return {
    identity,
    client: name?.slice(0, 64) ?? null,
    version: version?.slice(0, 64) ?? null,
    age_ms: Math.round(now - sinceMs),
    idle_ms: Math.round(now - lastSeenMs),
    in_flight: inFlight,
    rate_limit_use: registry.rateLimit.use(identity),
  };
}
