/** The message while a start takes long. */
const LOADING = "luno-mcp-server is being loaded: the first start downloads its parts, which can take half a minute";

/** Waits for `loading`, and prints a line when that takes too long. */
export async function announceIfSlow<Value>(
  loading: Promise<Value>,
  { afterMs, say }: { readonly afterMs: number; readonly say: (line: string) => void },
): Promise<Value> {
  const timer = setTimeout(() => say(LOADING), afterMs);
  try {
    return await loading;
  } finally {
    clearTimeout(timer);
  }
}
