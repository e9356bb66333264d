/** One server on several addresses of this machine, with the same port. */

import type { Application, Listen, ListenOptions, RunningListener } from "./listener.ts";

/** The addresses of `localhost`: clients may use either. */
const LOCALHOST = ["127.0.0.1", "::1"] as const;

/** Error codes of an address that this machine does not have. */
const ABSENT = ["EADDRNOTAVAIL", "EAFNOSUPPORT", "ENOTFOUND"];

/** How often another free port is tried when the port of the first address is in use on the next. */
const ATTEMPTS = 10;

/**
 * Starts a listener on every address of `localhost` that this machine has, or on any other host as it is. Rejects as
 * the listener does.
 */
export function listenOnHost(listen: Listen): Listen {
  return async (application, options) => {
    if (options.hostname !== "localhost") return await listen(application, options);
    for (let attempt = 1;; attempt++) {
      try {
        return await listenOnEach(listen, application, options);
      } catch (error) {
        if (codeOf(error) !== "EADDRINUSE" || options.port !== 0 || attempt === ATTEMPTS) throw error;
      }
    }
  };
}

async function listenOnEach(
  listen: Listen,
  application: Application,
  options: ListenOptions,
): Promise<RunningListener> {
  const listeners: RunningListener[] = [];
  let absence: unknown;
  for (const hostname of LOCALHOST) {
    try {
      listeners.push(await listen(application, { ...options, hostname, port: listeners[0]?.port ?? options.port }));
    } catch (error) {
      if (isAbsent(error)) absence ??= error;
      else {
        await Promise.all(listeners.map((listener) => listener.close()));
        throw error;
      }
    }
  }
  const [first] = listeners;
  if (first === undefined) throw absence;
  return {
    hostname: options.hostname,
    port: first.port,
    reload: (tls) => listeners.forEach((listener) => listener.reload(tls)),
    stopAccepting: () => listeners.forEach((listener) => listener.stopAccepting()),
    async close() {
      await Promise.all(listeners.map((listener) => listener.close()));
    },
  };
}

/** Whether an address does not exist, or this program may not listen on it. */
function isAbsent(error: unknown): boolean {
  return error instanceof Deno.errors.NotCapable || ABSENT.includes(codeOf(error));
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
