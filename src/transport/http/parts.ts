import type { Authentication } from "../../access/authenticator.ts";
import type { Caller, Ending } from "../../access/caller.ts";
import type { OriginRules } from "../../access/origin_rules.ts";
import type { ResourceFacts } from "../../access/resource_metadata.ts";
import type { ConnectionPlaces } from "../../session/connection_places.ts";
import type { SessionTarget } from "../../session/session_ends.ts";
import type { Admission } from "../../session/rate_limit.ts";
import type { Registry, Rejection } from "../../session/registry.ts";
import type { Awaitable } from "../../timing/awaitable.ts";
import type { HttpRequest } from "../listeners/http_request.ts";
import type { Peer, Socket, SocketHandler } from "../listeners/listener.ts";

/** What an application is made of. */
export interface HttpParts {
  readonly rules: OriginRules;
  readonly registry: Registry;
  /** Connections over all servers. @default each server counts its own */
  readonly places?: ConnectionPlaces;
  /** Whether WebSocket is served at `/` and `/ws`. */
  readonly websocket: boolean;
  /** Finds out who calls, by address and headers alone. */
  authenticate(request: HttpRequest, peer: Peer): Awaitable<Authentication>;
  /** Takes the price of a request from its connection, of an identity where that is known. @default everything is free */
  readonly afford?: (peer: Peer, identity?: string) => Admission;
  /** How long an identity may open no WebSocket, as it was cut off a moment ago; in milliseconds. @default never */
  readonly pauseMs?: (identity: string) => number;
  /** Where tokens come from, if they are taken. */
  readonly resource?: ResourceFacts;
  /** A one-time ticket for a WebSocket; `undefined` when the caller holds too many. */
  issueTicket(caller: Caller): string | undefined;
  /** Has `end` called when the caller's credential ends, until the answered function is called. */
  watch(caller: Caller, end: (ending: Ending) => void): () => void;
  openSocket(socket: Socket, caller: Caller): SocketHandler;
  /** `/mcp`. */
  mcp(request: HttpRequest, caller: Caller): Awaitable<Response>;
  /** `/v1/tools`, `/v1/tools/{name}`, `/openapi.json`. */
  rest(request: HttpRequest, caller: Caller): Awaitable<Response>;
  metrics(): Promise<{ text: string; contentType: string }>;
  status(): Promise<unknown>;
  /** Sessions as operators see and end them. @default nothing is known of them */
  readonly sessions?: {
    list(identity?: string): Promise<unknown>;
    end(target: SessionTarget, by: string): Promise<unknown>;
  };
  /** Whether balancers may send new clients here. */
  isReady(): boolean;
  /** Whether new WebSockets are opened; for a while also when it is not ready any more. */
  isAccepting(): boolean;
  /** `null` before the exchange was called. */
  isExchangeReachable(): boolean | null;
  rejected(reason: Rejection | "origin" | "upgrade" | "access"): void;
  /** How to connect, for a person who opens the address in a browser. */
  readonly hint: string;
}
