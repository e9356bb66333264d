/**
 * Isolates a listener from errors of the application: they are logged, and the client only learns that there was one.
 */

import { getLogger } from "../../logging/logger.ts";
import { attempt } from "../../timing/awaitable.ts";
import { CLOSE } from "../close_codes.ts";
import type { Acceptance, Application, Peer, Socket, SocketHandler } from "./listener.ts";

const log = getLogger(["luno-mcp-server", "listener"]);

/** The same application, which never throws and gets no events of closed sockets. */
export function guard(application: Application): Application {
  return {
    fetch: (request, peer) => attempt(() => application.fetch(request, peer), (error) => internalError("fetch", error)),
    async upgrade(request, peer) {
      try {
        const decision = await application.upgrade(request, peer);
        return decision instanceof Response ? decision : guardAcceptance(decision);
      } catch (error) {
        return internalError("upgrade", error);
      }
    },
    admit(peer: Peer, end?: () => void) {
      try {
        return application.admit(peer, end);
      } catch (error) {
        log.error("internal error", { during: "admit", error });
        return false;
      }
    },
  };
}

function guardAcceptance(acceptance: Acceptance): Acceptance {
  return {
    ...acceptance,
    open(socket) {
      try {
        return new GuardedHandler(acceptance.open(socket), socket);
      } catch (error) {
        log.error("internal error", { during: "open", error });
        socket.close(CLOSE.internalError, "internal error");
        return { text() {}, binary() {}, closed() {} };
      }
    },
  };
}

class GuardedHandler implements SocketHandler {
  readonly #handler: SocketHandler;
  readonly #socket: Socket;
  #closed = false;

  constructor(handler: SocketHandler, socket: Socket) {
    this.#handler = handler;
    this.#socket = socket;
  }

  text(data: string): void {
    if (this.#closed) return;
    try {
      this.#handler.text(data);
    } catch (error) {
      this.#fail("text", error);
    }
  }

  binary(): void {
    if (this.#closed) return;
    try {
      this.#handler.binary();
    } catch (error) {
      this.#fail("binary", error);
    }
  }

  control(): void {
    if (!this.#closed) this.#handler.control?.();
  }

  closed(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#handler.closed(code, reason);
    } catch (error) {
      log.error("internal error", { during: "closed", error });
    }
  }

  #fail(during: string, error: unknown): void {
    log.error("internal error", { during, error });
    this.#socket.close(CLOSE.internalError, "internal error");
  }
}

function internalError(during: string, error: unknown): Response {
  log.error("internal error", { during, error });
  return new Response("Internal error\n", { status: 500 });
}
