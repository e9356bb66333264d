/** The WebSocket clients of a server: a connection, a transport and a server object each. */

import { getLogger } from "../../logging/logger.ts";
import { LOCAL_CALLER } from "../../access/caller.ts";
import type { Caller } from "../../access/caller.ts";
import { CallFastPath } from "../../protocol/fast_path.ts";
import { Opening } from "../../protocol/opening.ts";
import { ConnectionResumption } from "../../protocol/resumption.ts";
import type { Connection } from "../../session/connection.ts";
import { resumeResource } from "../../protocol/resumed_resources.ts";
import { MessageBudgets } from "../../session/message_budget.ts";
import type { ShownSession } from "../../session/session_board.ts";
import { isEnded } from "../../session/session_ends.ts";
import type { EndedElsewhere, SessionTarget } from "../../session/session_ends.ts";
import { Resumptions } from "../../session/resumptions.ts";
import type { ResumingConnection, WaitingSession } from "../../session/resumptions.ts";
import type { ChannelObserver } from "../../transport/channel_parts.ts";
import { CLOSE } from "../../transport/close_codes.ts";
import { serveChannel } from "../../transport/serve_channel.ts";
import type { Socket, SocketHandler } from "../../transport/listeners/listener.ts";
import { SocketTransport } from "../../transport/websocket.ts";
import { sleep } from "../../timing/sleep.ts";
import { subscriptionsOf } from "../client_subscriptions.ts";
import type { NetworkParts } from "./network_parts.ts";
import type { ListedSession, SessionHolder } from "./session_overview.ts";
import { spread } from "./spread.ts";

const log = getLogger(["luno-mcp-server", "serve"]);
const accessLog = getLogger(["luno-mcp-server", "access"]);

/** How long a client may be silent after its upgrade. */
const FIRST_MESSAGE_MS = 30_000;

/** How long running calls may continue when their connection is being ended. */
export const CALLS_MS = 10_000;

/** Close codes that end a session: its client closed it, broke a rule, or lost its credential or session. */
const FINAL_CODES: readonly number[] = [
  CLOSE.normal,
  CLOSE.noCode,
  CLOSE.unsupportedData,
  CLOSE.policyViolation,
  CLOSE.tooBig,
  CLOSE.sessionEnded,
];

/** The code and reason of a close. */
interface Ending {
  readonly code: number;
  readonly reason: string;
}

/** Lets running calls finish for a while, then ends the connection. */
async function endWhenQuiet(transport: SocketTransport, { code, reason }: Ending): Promise<void> {
  if (!await transport.drain(CALLS_MS)) transport.abandon();
  transport.finish(code, reason);
}

function shownOpen({ sessionId: id, start: { identity, since }, client, lastSeen }: Connection): ShownSession {
  const times = { since: new Date(since).toISOString(), last_seen: new Date(lastSeen).toISOString() };
  return { id, identity, transport: "websocket", state: "open", client, ...times };
}

function shownWaiting({ id, identity }: WaitingSession, sinceMs: number): ShownSession {
  const at = new Date(sinceMs).toISOString();
  return { id, identity, transport: "websocket", state: "waiting", client: null, since: at, last_seen: at };
}

/** A connection as its session sees it; transport and subscriptions are created after it. */
function resumingConnection(
  connection: Connection,
  { transport, watched }: {
    readonly transport: () => SocketTransport;
    readonly watched: () => ResumingConnection["subscriptions"];
  },
): ResumingConnection {
  return {
    identity: connection.start.identity,
    get sessionId() {
      return connection.sessionId;
    },
    set sessionId(id) {
      connection.isResumed ||= connection.sessionId !== id;
      connection.sessionId = id;
    },
    get subscriptions() {
      return watched();
    },
    get isClosed() {
      return transport().isClosed;
    },
    superseded: () => transport().finish(CLOSE.sessionResumed, "the session goes on over another connection"),
  };
}

/** The clients of one server. */
export class SocketClients implements SessionHolder {
  readonly #parts: NetworkParts;
  readonly #budgets: MessageBudgets;
  readonly #open = new Set<SocketTransport>();
  readonly #connections = new Map<SocketTransport, Connection>();
  readonly #resumptions: Resumptions;
  /** The close of connections that end with the server. */
  #ending: Ending = { code: CLOSE.goingAway, reason: "the server is shutting down" };
  #isClosed = false;

  constructor(parts: NetworkParts) {
    const { config: { maxMessageSize }, monotonic } = parts;
    this.#parts = parts;
    this.#budgets = new MessageBudgets({ maxMessageSize, now: monotonic });
    this.#resumptions = new Resumptions(parts.shared.resumptions, monotonic);
  }

  /** Serves an admitted client until its socket closes or its credential ends. */
  open(socket: Socket, admitted: Caller): SocketHandler {
    const { access, answers, factory, registry } = this.#parts;
    const { identity, address } = admitted;
    const connection = registry.open({ identity, address, carrier: "websocket" });
    const { id } = connection.start;
    const caller = admitted.on(id);
    const opening = new Opening(answers, caller);
    const { transport, resuming, ended } = this.#transportOf(socket, { caller, connection, opening });
    this.#open.add(transport);
    this.#connections.set(transport, connection);
    const unwatch = access.watch.watch(caller, (ending) => {
      accessLog.warning("credential no longer valid", { connection_id: id, identity, reason: ending });
      transport.finish(CLOSE.policyViolation, `credential ${ending}`);
    });
    accessLog.info("connected", { connection_id: id, identity, address, transport: "websocket" });
    serveChannel(transport, {
      opening,
      loadServer: () => Promise.resolve(() => factory(() => caller)),
      failed: (error) => log.debug("protocol error", { connection_id: id, error: error.message }),
    });
    // It was admitted before the server began to end, and has only now opened.
    if (this.#isClosed) void endWhenQuiet(transport, this.#ending);
    const handler = transport.handler();
    return {
      ...handler,
      closed: (code, reason) => {
        handler.closed(code, reason);
        ended();
        this.#open.delete(transport);
        this.#connections.delete(transport);
        this.#resumptions.left(resuming, { isOver: FINAL_CODES.includes(transport.closeCode ?? code) });
        registry.close(connection);
        unwatch();
        accessLog.info("disconnected", { connection_id: id, identity, close_code: transport.closeCode ?? code });
      },
    };
  }

  *listed(): Iterable<ListedSession> {
    const { registry, monotonic } = this.#parts;
    for (const connection of this.#connections.values()) {
      const { start: { identity }, lastSeen: lastSeenMs } = connection;
      yield { identity, lastSeenMs, show: () => shownOpen(connection) };
    }
    const offsetMs = registry.now() - monotonic();
    for (const session of this.#resumptions.waiting) {
      const lastSeenMs = offsetMs + session.sinceMs;
      yield { identity: session.identity, lastSeenMs, show: () => shownWaiting(session, lastSeenMs) };
    }
  }

  end(target: SessionTarget | EndedElsewhere): number {
    const { registry } = this.#parts;
    const now = registry.now();
    const ended = [...this.#connections].filter(([, { sessionId: id, isResumed, start: { identity, since } }]) =>
      isEnded(target, { id, identity, ageMs: now - since, isResumed })
    );
    for (const [transport] of ended) transport.finish(CLOSE.sessionEnded, "the operator has ended the session");
    // Their store decides by their start whether those can be resumed.
    const forgotten = this.#resumptions.forgetWaiting(({ id, identity }) =>
      isEnded(target, { id, identity, ageMs: Infinity })
    );
    return ended.length + forgotten;
  }

  /** How long an identity that was disconnected must stay away, in milliseconds; 0 for all others. */
  pauseMs(identity: string): number {
    // Without authentication all clients of this machine are one identity: one that floods would lock out the others.
    if (identity === LOCAL_CALLER.identity) return 0;
    return this.#budgets.pauseMs(identity, this.#parts.registry.rateLimit.perMinute(identity));
  }

  /** Ends the open connections evenly over a time, so that their clients reconnect to other servers. */
  async drain(periodMs: number): Promise<void> {
    const ended: Promise<void>[] = [];
    if (periodMs > 0) this.#ending = { code: CLOSE.serviceRestart, reason: "the server restarts: connect again" };
    const { monotonic: now } = this.#parts;
    const end = (transport: SocketTransport) => {
      ended.push(endWhenQuiet(transport, this.#ending));
    };
    await spread(this.#open, end, { periodMs, now, sleep });
    await Promise.all(ended);
  }

  /** Lets running calls finish for a while, then ends every connection. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#open].map((transport) => endWhenQuiet(transport, this.#ending)));
    await this.#resumptions.close();
  }

  #transportOf(
    socket: Socket,
    { caller, connection, opening }: {
      readonly caller: Caller;
      readonly connection: Connection;
      readonly opening: Opening;
    },
  ): { readonly transport: SocketTransport; readonly resuming: ResumingConnection; readonly ended: () => void } {
    const { answers, config, registry, monitor, admission, calls, backend, monotonic, clocks } = this.#parts;
    const { identity, limits } = caller;
    const { budget, cutOff, ended } = this.#budgets.open(identity, () => registry.rateLimit.perMinute(identity));
    let watched: ReturnType<typeof subscriptionsOf> | undefined;
    const subscriptions = () =>
      watched ??= subscriptionsOf({
        opening,
        caller,
        backend,
        calls,
        changed: () => resumption.changed(),
        takeUp: resumeResource,
        send: (notification) => void transport.send(notification),
        isReading: () => transport.isReading,
        now: monotonic,
      });
    const resuming = resumingConnection(connection, {
      transport: () => transport,
      watched: () => watched?.watched ?? [],
    });
    const resumption = new ConnectionResumption({
      resumptions: this.#resumptions,
      connection: resuming,
      goOn: (subscriptions) => transport.resume(subscriptions),
    });
    const transport: SocketTransport = new SocketTransport(socket, {
      firstMessageMs: FIRST_MESSAGE_MS,
      idleMs: config.idleTimeout * 1_000,
      maxInFlight: limits.maxInFlight ?? config.maxInFlight,
      maxQueue: config.maxQueue,
      admit: () => admission.admitMessage(identity),
      afford(characters) {
        const isAffordable = budget.take(characters);
        if (!isAffordable) cutOff();
        return isAffordable;
      },
      opening,
      fastPath: new CallFastPath({ opening, caller, calls }),
      observer: this.#observe(connection),
      ...(answers === undefined ? {} : { subscriptions, resumption }),
      sent: (text) => monitor.sent(connection, text),
      now: monotonic,
      clocks,
    });
    return { transport, resuming, ended };
  }

  #observe(connection: Connection): ChannelObserver {
    const { monitor, admission } = this.#parts;
    const observer = monitor.watch(connection);
    const { id, identity } = connection.start;
    return {
      ...observer,
      refused: (request, error) => {
        observer.refused(request, error);
        admission.logRefusal(error, { connection: id, identity, requestId: request?.id });
      },
    };
  }
}
