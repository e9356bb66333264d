/** A response whose end is observed: when its last byte was read, or when its reader left. */

/**
 * The same response. `onEnd` is called once, with whether the whole body was read. When `signal` aborts before, which
 * is how a listener reports a lost connection, the body is cancelled.
 */
export function watchBody(response: Response, signal: AbortSignal, onEnd: (isWhole: boolean) => void): Response {
  if (response.body === null) throw new TypeError("Cannot watch a response without a body");
  const reader = response.body.getReader();
  let hasEnded = false;
  const end = (isWhole: boolean) => {
    if (hasEnded) return;
    hasEnded = true;
    signal.removeEventListener("abort", leave);
    onEnd(isWhole);
  };
  const leave = () => {
    void reader.cancel().catch(() => {});
    end(false);
  };
  if (signal.aborted) leave();
  else signal.addEventListener("abort", leave, { once: true });
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (!done) return controller.enqueue(value);
      end(true);
      controller.close();
    },
    cancel: leave,
  });
  const headers = new Headers(response.headers);
  // The listener decides about the connection: the library's header is wrong for a client that closes.
  headers.delete("connection");
  return new Response(body, { status: response.status, headers });
}
