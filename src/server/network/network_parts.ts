/** What clients over WebSocket and over HTTP share: who they may be, what they may ask, and what answers them. */

import type { ExchangeFacts } from "../../monitoring/facts.ts";
import { Monitor } from "../../monitoring/monitor.ts";
import { directMethods } from "../../protocol/direct_call.ts";
import { askingTools, listingOf } from "../../protocol/listing.ts";
import type { ListingEntry } from "../../protocol/listing.ts";
import { createServerFactory } from "../../protocol/mcp_server.ts";
import type { ServerFactory } from "../../protocol/mcp_server.ts";
import { PlainCalls } from "../../protocol/plain_calls.ts";
import { ReadyAnswers } from "../../protocol/ready_answers.ts";
import type { Registry } from "../../session/registry.ts";
import { NAME, VERSION } from "../../version.ts";
import type { World } from "../../world.ts";
import { AdmissionControl } from "./admission.ts";
import type { OpenBackend } from "../backend.ts";
import { createRegistry } from "./connection_registry.ts";
import type { LazyBackend } from "../lazy_backend.ts";
import type { Access } from "../open_access.ts";
import type { SharedState } from "../open_shared_state.ts";
import type { LoadedConfig } from "../../config/load.ts";

/** How the server names itself. */
export const IDENTITY = { name: NAME, version: VERSION } as const;

/** What a network server is given. */
export interface NetworkGround {
  readonly access: Access;
  readonly shared: SharedState;
  readonly backend: LazyBackend;
  /** What every connection is served by. @default the catalogue's */
  readonly factory?: ServerFactory | undefined;
}

/** What both kinds of clients are served with. */
export interface NetworkParts {
  readonly config: LoadedConfig["config"];
  readonly access: Access;
  readonly shared: SharedState;
  readonly backend: LazyBackend;
  readonly listing: readonly ListingEntry[];
  /** What answers plain calls. */
  readonly calls: PlainCalls;
  readonly factory: ServerFactory;
  /** What is answered without a server object; absent where another factory makes them. */
  readonly answers: ReadyAnswers | undefined;
  readonly registry: Registry;
  readonly monitor: Monitor;
  readonly admission: AdmissionControl;
  /** Milliseconds that only ever rise. */
  readonly monotonic: () => number;
  /** Hold it, and the wall clock, while a message is handled. */
  readonly clocks: World["clocks"];
}

/** Joins them; the monitor hears of every call from now on. */
export function createNetworkParts(
  loaded: LoadedConfig,
  world: World,
  { access, shared, backend, factory }: NetworkGround,
): NetworkParts {
  const { config } = loaded;
  const { monotonic } = world;
  const listing = listingOf(config.tools);
  const methods = directMethods(listing);
  const registry = createRegistry(loaded, world, { access, shared });
  const monitor = new Monitor({
    registry,
    tools: [...methods],
    monotonic,
    statsIntervalMs: config.statsInterval * 1_000,
    exchange: () => backend.opened && exchangeFacts(backend.opened),
    trading: () => backend.opened?.tradingFigures?.(),
  });
  backend.observe((call) => monitor.called(call));
  return {
    config,
    access,
    shared,
    backend,
    listing,
    calls: new PlainCalls({
      identity: IDENTITY,
      backend: () => backend.opened ?? backend.get(),
      methods,
      asking: askingTools(listing),
    }),
    factory: factory ?? createServerFactory({ identity: IDENTITY, listing, backend: backend.get }),
    answers: factory === undefined ? new ReadyAnswers({ identity: IDENTITY, listing }) : undefined,
    registry,
    monitor,
    admission: new AdmissionControl({ rateLimit: registry.rateLimit, monitor, accessLog: config.accessLog }),
    monotonic,
    clocks: world.clocks,
  };
}

function exchangeFacts({ exchange, usage }: OpenBackend): ExchangeFacts {
  const { budget, reachability } = exchange.status();
  return { callsLeft: budget.remaining, isReachable: reachability.reachable, ...usage() };
}
