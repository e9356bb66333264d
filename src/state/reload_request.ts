/** The file by which the `reload` command reaches the servers of a state folder, also on systems without SIGHUP. */

const RELOAD_FILE = "reload";

/** The interval of the servers' checks, in milliseconds. */
const INTERVAL_MS = 1_000;

/**
 * Asks every server of a folder to reload its files; `at` is the time of the request, by which servers tell requests
 * apart.
 */
export async function requestReload(folder: string, at: number): Promise<void> {
  await Deno.writeTextFile(`${folder}/${RELOAD_FILE}`, `${new Date(at).toISOString()}\n`, { mode: 0o600 });
}

/** Calls `listener` at each later request; returns a function that ends the watch. Does not keep the program alive. */
export function watchReload(
  folder: string,
  listener: () => void,
  { intervalMs = INTERVAL_MS }: { intervalMs?: number } = {},
): () => void {
  const path = `${folder}/${RELOAD_FILE}`;
  // Read at once, so that no later request is taken for the previous one.
  let known = Promise.resolve(readRequestSync(path));
  const timer = setInterval(() => {
    known = known.then(async (before) => {
      const now = await readRequest(path);
      if (now !== before && now !== "") listener();
      return now;
    });
  }, intervalMs);
  Deno.unrefTimer(timer);
  return () => clearInterval(timer);
}

/** The last request; empty when there was none, or it cannot be read. */
async function readRequest(path: string): Promise<string> {
  return await Deno.readTextFile(path).catch(() => "");
}

function readRequestSync(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}
