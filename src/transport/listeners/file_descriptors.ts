/**
 * How many file descriptors are available. The runtime does not expose its limit, and a listener that reaches it stops
 * accepting for good, sometimes silently; so there must never be more connections than descriptors.
 */

/** Descriptors for other purposes than client connections: the exchange, certificates, the runtime. */
const RESERVE = 16;

/** Sockets in addition to the connections, so that rejections and health checks can be answered. */
const SPARE_SOCKETS = 64;

/** How many sockets may be open, and how many of them may be connections. */
export interface SocketAllowance {
  readonly connections: number;
  readonly sockets: number;
}

/** How many of the `wanted` connections are possible; `open` opens something and closes it on disposal. */
export function allowSockets(wanted: number, open: () => Disposable = openSomething): SocketAllowance {
  const possible = countOpenable(wanted + SPARE_SOCKETS + RESERVE, open) - RESERVE;
  const spare = Math.min(SPARE_SOCKETS, Math.max(1, possible - wanted, Math.floor(possible / 4)));
  const connections = Math.max(1, Math.min(wanted, possible - spare));
  return { connections, sockets: connections + spare };
}

function countOpenable(most: number, open: () => Disposable): number {
  using opened = new DisposableStack();
  for (let count = 0; count < most; count++) {
    try {
      opened.use(open());
    } catch {
      return count;
    }
  }
  return most;
}

function openSomething(): Disposable {
  return Deno.openSync(Deno.build.os === "windows" ? "NUL" : "/dev/null");
}
