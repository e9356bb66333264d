/** A listener with an application that echoes, and that remembers what happened. */

import { createCertificates } from "../../src/transport/listeners/certificates.ts";
import { listenHardened } from "../../src/transport/listeners/hardened.ts";
import type { HttpRequest } from "../../src/transport/listeners/http_request.ts";
import type { HttpAnswer } from "../../src/transport/listeners/whole_answer.ts";
import type {
  Acceptance,
  Application,
  Listen,
  ListenOptions,
  Peer,
  RunningListener,
  Socket,
} from "../../src/transport/listeners/listener.ts";
import { listenNative } from "../../src/transport/listeners/native.ts";
import { WebSocket } from "ws";

/** Certificates for `localhost` and 127.0.0.1. */
export const certificates = await createCertificates({ hosts: [], client: "test", now: Date.now() });

/** A listener and how it is reached. */
export interface Variant {
  readonly name: string;
  readonly listen: Listen;
  readonly secure: boolean;
}

export const variants: readonly Variant[] = [
  { name: "listenNative()", listen: listenNative, secure: false },
  { name: "listenNative() with TLS", listen: listenNative, secure: true },
  { name: "listenHardened()", listen: listenHardened, secure: false },
  { name: "listenHardened() with TLS", listen: listenHardened, secure: true },
];

/** A promise that something happened, in order of happening. */
export class Events<Event> {
  readonly #events: Event[] = [];
  readonly #waiting: ((event: Event) => void)[] = [];

  push(event: Event): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#events.push(event);
    else waiting(event);
  }

  next(): Promise<Event> {
    const event = this.#events.shift();
    return event === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(event);
  }
}

/** An application that echoes; parts are replaced by a test. */
export class Echo implements Application {
  readonly sockets = new Events<Socket>();
  readonly closed = new Events<{ code: number; reason: string }>();
  readonly binaries = new Events<true>();
  readonly peers: Peer[] = [];
  /** Admitted and not yet released. */
  open = 0;
  /** Called when `open` falls to 0. */
  readonly empty = new Events<true>();
  readonly #parts: Partial<Application>;

  constructor(parts: Partial<Application> = {}) {
    this.#parts = parts;
  }

  async fetch(request: HttpRequest, peer: Peer): Promise<HttpAnswer> {
    this.peers.push(peer);
    if (this.#parts.fetch !== undefined) return await this.#parts.fetch(request, peer);
    const { pathname, search } = new URL(request.url);
    const body = new TextDecoder().decode(await request.bytes());
    return Response.json({ method: request.method, path: pathname + search, body, x: request.headers.get("x-test") });
  }

  async upgrade(request: HttpRequest, peer: Peer): Promise<Response | Acceptance> {
    return await this.#parts.upgrade?.(request, peer) ?? this.accept();
  }

  accept(): Acceptance {
    return {
      protocol: "mcp",
      open: (socket) => {
        this.sockets.push(socket);
        return {
          text: (data) => socket.send(data),
          binary: () => this.binaries.push(true),
          closed: (code, reason) => this.closed.push({ code, reason }),
        };
      },
    };
  }

  admit(peer: Peer, end?: () => void): { release: () => void } | false {
    const admission = this.#parts.admit?.(peer, end);
    if (admission === false) return false;
    this.open++;
    return {
      release: () => {
        admission?.release();
        if (--this.open === 0) this.empty.push(true);
      },
    };
  }
}

/** A running listener with its application. */
export class Listening implements AsyncDisposable {
  readonly application: Echo;
  readonly listener: RunningListener;
  readonly #secure: boolean;
  readonly #http: Deno.HttpClient;
  readonly #clients: WebSocket[] = [];

  private constructor(listener: RunningListener, { application, secure }: { application: Echo; secure: boolean }) {
    this.listener = listener;
    this.application = application;
    this.#secure = secure;
    this.#http = Deno.createHttpClient({ caCerts: [certificates.authority.cert] });
  }

  static async start(
    { listen, secure }: Variant,
    { application = new Echo(), ...options }: Partial<ListenOptions> & { application?: Echo } = {},
  ): Promise<Listening> {
    const listener = await listen(application, {
      hostname: "127.0.0.1",
      port: 0,
      maxMessageSize: 65_536,
      pingIntervalMs: 60_000,
      ...(secure ? { tls: certificates.server } : {}),
      ...options,
    });
    return new Listening(listener, { application, secure });
  }

  get port(): number {
    return this.listener.port;
  }

  /** What a raw peer needs to trust; nothing without TLS. */
  get caCerts(): string[] | undefined {
    return this.#secure ? [certificates.authority.cert] : undefined;
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const scheme = this.#secure ? "https" : "http";
    return fetch(`${scheme}://127.0.0.1:${this.port}${path}`, { ...init, client: this.#http });
  }

  /** A WebSocket client that is not open yet. */
  client(protocols: string[] = []): WebSocket {
    const scheme = this.#secure ? "wss" : "ws";
    const client = new WebSocket(`${scheme}://127.0.0.1:${this.port}/ws`, protocols, {
      perMessageDeflate: false,
      ...(this.#secure ? { ca: certificates.authority.cert } : {}),
    });
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#http.close();
    await this.listener.close();
    for (const client of this.#clients) client.terminate();
  }
}
