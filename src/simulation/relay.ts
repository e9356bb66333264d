/**
 * A TCP relay in front of the HTTP listener. `Deno.serve` cannot drop a connection without a response; the relay can,
 * because it owns the client's socket.
 */

import { connect, createServer, type Socket } from "node:net";

/** The relay. */
export interface Relay {
  readonly port: number;
  /** Resets the client whose relayed connection arrives at the HTTP listener from `port`. */
  reset(port: number): void;
  /** Stops listening and drops every connection. */
  close(): Promise<void>;
}

/** Opens the relay on `hostname` and `port` (0 picks a free one) towards the HTTP listener at `target`. */
export function openRelay(
  { hostname, port, target }: {
    readonly hostname: string;
    readonly port: number;
    readonly target: { readonly host: string; readonly port: number };
  },
): Promise<Relay> {
  const clients = new Map<number, Socket>();
  const open = new Set<Socket>();
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ ...target, noDelay: true });
    endTogether([client, upstream], open);
    upstream.on("connect", () => {
      const { localPort } = upstream;
      if (localPort === undefined) return;
      clients.set(localPort, client);
      upstream.on("close", () => clients.delete(localPort));
      client.pipe(upstream);
      upstream.pipe(client);
    });
  });
  const relay = (boundPort: number): Relay => ({
    port: boundPort,
    reset: (source) => {
      const client = clients.get(source);
      if (client !== undefined) reset(client);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, () => {
      const address = server.address();
      resolve(relay(typeof address === "object" && address !== null ? address.port : port));
    });
  });
}

/** Each of two sockets ends with the other; `open` contains those that have not ended. */
function endTogether([client, upstream]: readonly [Socket, Socket], open: Set<Socket>): void {
  for (const [socket, other] of [[client, upstream], [upstream, client]] as const) {
    open.add(socket);
    socket.on("error", () => other.destroy());
    socket.on("close", () => {
      open.delete(socket);
      other.destroy();
    });
  }
}

/** Deno 2.7 cannot reset a connection; there it ends without a response. */
function reset(client: Socket): void {
  const canReset: boolean = typeof client.resetAndDestroy === "function";
  if (canReset) client.resetAndDestroy();
  else client.destroy();
}
