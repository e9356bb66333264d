/** The message while a start takes long. */
const LOADING = "luno-mcp-server is being loaded: the first start downloads its parts, which can take half a minute";

/**
 * Waits for `loading`, and prints a line when that takes too long. V8 itself does the waiting: the first timer of the runtime
 * loads modules of Node.js, which takes longer than all else in here.
 */
export async function announceIfSlow<Value>(
  loading: Promise<Value>,
  { afterMs, say }: { readonly afterMs: number; readonly say: (line: string) => void },
): Promise<Value> {
  const word = new Int32Array(new SharedArrayBuffer(4));
  const { value: waited } = Atomics.waitAsync(word, 0, 0, afterMs);
  void Promise.resolve(waited).then((outcome) => {
    if (outcome === "timed-out") say(LOADING);
  });
  try {
    return await loading;
  } finally {
    Atomics.notify(word, 0);
  }
}
