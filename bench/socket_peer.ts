/** The client's end of a JSON-RPC WebSocket, with minimal work of its own. */

/** The options of a connection. */
export interface PeerOptions {
  /** The authorities to trust, and a certificate of its own. */
  readonly client?: Deno.HttpClient;
  readonly headers?: Record<string, string>;
}

/** An open WebSocket that counts and times answers. */
export class SocketPeer {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (size: number) => void>();
  #nextId = 1;
  #notified = 0;
  /** Called for each notification. */
  onNotified: () => void = () => {};

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      const { id } = JSON.parse(data);
      if (id === undefined) {
        this.#notified++;
        this.onNotified();
      }
      this.#waiting.get(id)?.(data.length);
      this.#waiting.delete(id);
    };
  }

  /** Number of notifications received. */
  get notified(): number {
    return this.#notified;
  }

  /** Connects. */
  static async connect(address: string, options: PeerOptions = {}): Promise<SocketPeer> {
    const socket = new WebSocket(address, options);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error(`Cannot connect to ${address}`));
    });
    return new SocketPeer(socket);
  }

  /** Sends a request; returns the size of its answer. */
  request(method: string, params: object = {}): Promise<number> {
    const id = this.#nextId++;
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#waiting.set(id, resolve);
    this.#socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    return promise;
  }

  /** Opens the connection as a 2025-era client. */
  async initialize(): Promise<void> {
    const clientInfo = { name: "bench", version: "1" };
    await this.request("initialize", { protocolVersion: "2025-06-18", capabilities: {}, clientInfo });
    this.#socket.send('{"jsonrpc":"2.0","method":"notifications/initialized"}');
  }

  /** Closes and waits for it. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.onclose = () => resolve();
      this.#socket.close();
    });
  }
}

/** Opens many connections as 2025-era clients. */
export async function connectMany(
  { address }: { readonly address: string },
  count: number,
  options: PeerOptions = {},
): Promise<SocketPeer[]> {
  const peers: SocketPeer[] = [];
  while (peers.length < count) {
    const batch = Math.min(50, count - peers.length);
    peers.push(...await Promise.all(Array.from({ length: batch }, () => SocketPeer.connect(address, options))));
  }
  for (const peer of peers) await peer.initialize().catch(() => {});
  return peers;
}

/** Keeps `inFlight` tool calls running on every peer for a while; returns calls per second. */
export async function callRate(
  peers: readonly SocketPeer[],
  options: { inFlight: number; ms: number },
): Promise<number> {
  const started = performance.now();
  let calls = 0;
  await Promise.all(peers.flatMap((peer) =>
    Array.from({ length: options.inFlight }, async () => {
      while (performance.now() - started < options.ms) {
        await peer.request("tools/call", CALL);
        calls++;
      }
    })
  ));
  return calls / ((performance.now() - started) / 1_000);
}

/** Times `count` consecutive calls, in milliseconds. */
export async function callTimes(peer: SocketPeer, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let call = 0; call < count; call++) {
    const started = performance.now();
    await peer.request("tools/call", CALL);
    times.push(performance.now() - started);
  }
  return times;
}

/** A tool call that does not use the exchange. */
export const CALL = { name: "describe_capabilities", arguments: {} };
