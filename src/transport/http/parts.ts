import type { Authentication } from "../../access/authenticator.ts";
import type { Caller, Ending } from "../../access/caller.ts";
import type { OriginRules } from "../../access/origin_rules.ts";
import type { ResourceFacts } from "../../access/resource_metadata.ts";
import type { ConnectionPlaces } from "../../session/connection_places.ts";
import type { SessionTarget } from "../../session/session_ends.ts";
import type { Admission } from "../../session/rate_limit.ts";
import type { Registry, Rejection } from "../../session/registry.ts";
import type { Awaitable } from "../../timing/awaitable.ts";
import type { HeldClocks } from "../../timing/held_clocks.ts";
import type { RunningCount } from "../../timing/running_count.ts";
import type { HttpRequest } from "../listeners/http_request.ts";
import type { Peer, Socket, SocketHandler } from "../listeners/listener.ts";
import type { HttpAnswer } from "../listeners/whole_answer.ts";

/** Parts of an application. */
export interface HttpParts {
  readonly rules: OriginRules;
  readonly registry: Registry;
  /**
   * Limits connections over all servers.
   *
   * @default each server counts its own
   */
  readonly places?: ConnectionPlaces;
  /** Counts requests of `/mcp` and REST until they are answered. @default nobody counts */
  readonly running?: RunningCount;
  /** Held while a request is handled. @default the clocks always advance */
  readonly clocks?: Pick<HeldClocks, "during"> | undefined;
  /** Whether WebSocket is served at `/` and `/ws`. */
  readonly websocket: boolean;
  /** Authenticates a request by address and headers alone. */
  authenticate(request: HttpRequest, peer: Peer): Awaitable<Authentication>;
  /**
   * Takes the cost of a request from its connection, and from its identity once known.
   *
   * @default free
   */
  readonly afford?: (peer: Peer, identity?: string) => Admission;
  /**
   * How long an identity may not open a WebSocket after it was disconnected for exceeding its budget, in milliseconds.
   *
   * @default 0
   */
  readonly pauseMs?: (identity: string) => number;
  /** The metadata of tokens, if they are accepted. */
  readonly resource?: ResourceFacts;
  /** A one-time ticket for a WebSocket; `undefined` when the caller has too many. */
  issueTicket(caller: Caller): string | undefined;
  /** Calls `end` when the caller's credential ends, until the returned function is called. */
  watch(caller: Caller, end: (ending: Ending) => void): () => void;
  openSocket(socket: Socket, caller: Caller): SocketHandler;
  /** `/mcp`. */
  mcp(request: HttpRequest, caller: Caller): Awaitable<HttpAnswer>;
  /** `/v1/tools`, `/v1/tools/{name}`, `/openapi.json`. */
  rest(request: HttpRequest, caller: Caller): Awaitable<HttpAnswer>;
  metrics(): Promise<{ text: string; contentType: string }>;
  status(): Promise<unknown>;
  /**
   * Sessions for operators.
   *
   * @default not available
   */
  readonly sessions?: {
    list(identity?: string): Promise<unknown>;
    end(target: SessionTarget, by: string): Promise<unknown>;
  };
  /** Whether load balancers may send new clients here. */
  isReady(): boolean;
  /** Whether new WebSockets are accepted; for a while also when it is no longer ready. */
  isAccepting(): boolean;
  /** `null` before the first call to the exchange. */
  isExchangeReachable(): boolean | null;
  rejected(reason: Rejection | "origin" | "upgrade" | "access"): void;
  /** How to connect, for a person who opens the address in a browser. */
  readonly hint: string;
}
