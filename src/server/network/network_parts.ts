/** What WebSocket and HTTP clients share: authentication, limits, and the code that answers them. */

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

/** The server's name and version. */
export const IDENTITY = { name: NAME, version: VERSION } as const;

/** What a network server is created from. */
export interface NetworkGround {
  readonly access: Access;
  readonly shared: SharedState;
  readonly backend: LazyBackend;
  /**
   * Creates the server objects of connections.
   *
   * @default from the catalogue
   */
  readonly factory?: ServerFactory | undefined;
}

/** The shared parts of both kinds of clients. */
export interface NetworkParts {
  readonly config: LoadedConfig["config"];
  readonly access: Access;
  readonly shared: SharedState;
  readonly backend: LazyBackend;
  readonly listing: readonly ListingEntry[];
  /** Answers plain calls. */
  readonly calls: PlainCalls;
  readonly factory: ServerFactory;
  /** Answers without a server object; absent when another factory creates those. */
  readonly answers: ReadyAnswers | undefined;
  readonly registry: Registry;
  readonly monitor: Monitor;
  readonly admission: AdmissionControl;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
  /** Holds both clocks while a message is handled. */
  readonly clocks: World["clocks"];
}

/** Assembles the parts; the monitor observes every call from now on. */
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
