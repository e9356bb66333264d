/**
 * The native listener: `Deno.serve` and native upgrades, the fastest for single requests. It leaves to the hardened
 * listener what the runtime cannot do: timeouts for headers, bodies and TLS handshakes, a limit on a message before it
 * is joined, disconnecting a peer that does not read, replacing certificates without a restart. The runtime reports a
 * client that leaves early only if its request had at most 512 bytes; other requests run to completion.
 */

import { whenAnswered } from "../../timing/awaitable.ts";
import type { Awaitable } from "../../timing/awaitable.ts";
import { badRequest } from "./bad_request.ts";
import { LastingServer } from "../../network/lasting_server.ts";
import { guard } from "./guard.ts";
import { fieldsOf, NativeRequest } from "./native_request.ts";
import { readHandshake } from "./websocket_handshake.ts";
import type { Handshake } from "./websocket_handshake.ts";
import type {
  Acceptance,
  Application,
  ListenOptions,
  Peer,
  RunningListener,
  Socket,
  SocketHandler,
} from "./listener.ts";
import { CLOSE } from "../close_codes.ts";
import { peerOf } from "./peer.ts";
import { closedWithin, settledWithin } from "../settled.ts";
import { toResponse, WholeAnswer } from "./whole_answer.ts";
import type { HttpAnswer } from "./whole_answer.ts";

/** How long a peer may take to answer a close, and `close()` to return. */
const CLOSE_TIMEOUT_MS = 5_000;

/** How long responses in progress may take when the listener closes. */
const FLUSH_MS = 1_000;

/**
 * Starts the native listener; `headersTimeoutMs` and `requestTimeoutMs` have no effect on it. See {@linkcode Listen}.
 */
// deno-lint-ignore require-await -- an address that is not available rejects
export async function listenNative(application: Application, options: ListenOptions): Promise<RunningListener> {
  if (options.tls?.clientAuthorities !== undefined) {
    throw new TypeError("Cannot ask clients for certificates as the native listener cannot");
  }
  return new NativeListener(guard(application), options);
}

class NativeListener implements RunningListener {
  readonly hostname: string;
  readonly port: number;
  readonly #application: Application;
  readonly #options: ListenOptions;
  readonly #server: LastingServer;
  readonly #abort = new AbortController();
  readonly #sockets = new Set<NativeSocket>();
  #accepting = true;

  constructor(application: Application, options: ListenOptions) {
    this.#application = application;
    this.#options = options;
    const { hostname, port, tls } = options;
    this.#server = new LastingServer(
      { hostname, port, tls, signal: this.#abort.signal },
      (request, info) => this.#answer(request, info),
    );
    ({ hostname: this.hostname, port: this.port } = this.#server.addr);
  }

  reload(): never {
    throw new TypeError("Cannot use another certificate as the native listener reads it once, at the start");
  }

  stopAccepting(): void {
    // The runtime's own shutdown would close open sockets too; so requests are rejected until `close()`.
    this.#accepting = false;
  }

  async close(): Promise<void> {
    // Those that opened while the others were being closed.
    for (const socket of this.#sockets) socket.close(CLOSE.goingAway, "the server is shutting down");
    await closedWithin(this.#sockets, FLUSH_MS);
    for (const socket of this.#sockets) socket.terminate();
    // Orderly first; a peer that does not read would block that forever.
    if (await settledWithin([this.#server.shutdown()], FLUSH_MS)) return;
    this.#abort.abort();
    // With a peer that does not read, the server never finishes.
    await settledWithin([this.#server.finished], CLOSE_TIMEOUT_MS);
  }

  /** The runtime reports requests, not connections: each counts as a connection until it is answered or closed. */
  #answer(request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>): Awaitable<Response> {
    const { hostname, port } = info.remoteAddr; // The runtime computes it anew for each access.
    const peer = peerOf(hostname, port);
    const admission = this.#accepting && this.#application.admit(peer);
    if (admission === false) return unavailable();
    const fields = fieldsOf(request);
    const handshake = readHandshake({ method: request.method, headers: fields });
    const received = NativeRequest.of(request, fields);
    if (handshake.kind === "websocket") {
      const { protocols } = handshake;
      return this.#upgrade(request, { received, peer, protocols, release: admission.release });
    }
    return whenAnswered(this.#respond(received, handshake, peer), (answer) => {
      // For a complete text the runtime resolves `completed` as soon as it has the response; only streams take longer.
      if (answer instanceof WholeAnswer) admission.release();
      else info.completed.then(admission.release, admission.release);
      return toResponse(answer);
    });
  }

  #respond(request: NativeRequest | undefined, handshake: Handshake, peer: Peer): Awaitable<HttpAnswer> {
    if (handshake.kind === "invalid") return handshake.response;
    return request === undefined ? badRequest() : this.#application.fetch(request, peer);
  }

  async #upgrade(
    request: Request,
    { received, peer, protocols, release }: NativeUpgrade,
  ): Promise<Response> {
    const decision = received === undefined ? badRequest() : await this.#application.upgrade(received, peer);
    if (decision instanceof Response) {
      release();
      return decision;
    }
    // The runtime pings at half of this time and disconnects a peer that is silent until its end.
    const idleTimeout = 2 * this.#options.pingIntervalMs / 1_000;
    if (request.signal.aborted) {
      release(); // Its peer has left: no event will ever report that.
      return badRequest();
    }
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout });
    const { protocol } = decision;
    // The runtime's own option throws when the client offered nothing, or wrote its list without spaces.
    if (protocol !== undefined && protocols.includes(protocol)) {
      response.headers.set("sec-websocket-protocol", protocol);
    }
    const native = new NativeSocket(socket, {
      acceptance: decision,
      maxMessageSize: this.#options.maxMessageSize,
      gone: () => {
        this.#sockets.delete(native);
        release();
      },
    });
    this.#sockets.add(native);
    return response;
  }
}

/** An upgrade request; `received` is absent when it is none. */
interface NativeUpgrade {
  readonly received: NativeRequest | undefined;
  readonly peer: Peer;
  readonly protocols: readonly string[];
  readonly release: () => void;
}

interface NativeSocketOptions {
  readonly acceptance: Acceptance;
  readonly maxMessageSize: number;
  /** Called once, when the socket is completely closed. */
  gone(): void;
}

class NativeSocket implements Socket {
  readonly #socket: WebSocket;
  readonly #release: () => void;
  #handler: SocketHandler | undefined;
  #ended = false;
  readonly #gone = Promise.withResolvers<void>();
  #closeTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(socket: WebSocket, { acceptance, maxMessageSize, gone }: NativeSocketOptions) {
    this.#socket = socket;
    this.#release = gone;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#handler = acceptance.open(this);
    socket.onmessage = ({ data }) => this.#receive(data, maxMessageSize);
    // Errors have an event of their own before the close event, which is not needed.
    socket.onerror = (event) => event.preventDefault();
    // A broken connection has the code 0 here.
    socket.onclose = ({ code, reason }) => this.#end(code === 0 ? CLOSE.abnormal : code, reason);
  }

  get isClosing(): boolean {
    return this.#socket.readyState === WebSocket.CLOSING;
  }

  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount;
  }

  send(text: string): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(text);
  }

  close(code: number, reason: string): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.close(code, reason);
    // A peer that does not read never answers, and the runtime waits for it indefinitely.
    this.#closeTimer = setTimeout(() => this.#end(CLOSE.abnormal, ""), CLOSE_TIMEOUT_MS);
  }

  /** The runtime continues to read, and the data is discarded. */
  cut(code: number, reason: string): void {
    this.close(code, reason);
  }

  terminate(): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.close(CLOSE.goingAway);
    this.#end(CLOSE.abnormal, "");
  }

  #receive(data: string | ArrayBuffer, maxMessageSize: number): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    // The runtime joins fragments without a limit of ours; this is the first code that sees a message.
    if (isLonger(data, maxMessageSize)) this.close(CLOSE.tooBig, "message too big");
    else if (typeof data === "string") this.#handler?.text(data);
    else this.#handler?.binary();
  }

  #end(code: number, reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#closeTimer);
    const socket = this.#socket;
    socket.onopen = socket.onmessage = socket.onclose = null;
    this.#handler?.closed(code, reason);
    this.#handler = undefined;
    this.#release();
    this.#gone.resolve();
  }
}

/** Whether a message has more bytes in UTF-8; mostly decided without counting them. */
function isLonger(data: string | ArrayBuffer, bytes: number): boolean {
  if (typeof data !== "string") return data.byteLength > bytes;
  if (data.length > bytes) return true;
  return data.length * 3 > bytes && new TextEncoder().encode(data).length > bytes;
}

function unavailable(): Response {
  return new Response("Not now\n", { status: 503, headers: { "connection": "close", "retry-after": "1" } });
}
