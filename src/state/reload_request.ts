/** A file by which the command `reload` reaches the servers of a state folder, also where the system has no SIGHUP. */

const RELOAD_FILE = "reload";

/** How often servers look, in milliseconds. */
const INTERVAL_MS = 1_000;

/** Asks every server that uses a folder to read its files again; `at` is the moment, as servers compare moments. */
export async function requestReload(folder: string, at: number): Promise<void> {
  await Deno.writeTextFile(`${folder}/${RELOAD_FILE}`, `${new Date(at).toISOString()}\n`, { mode: 0o600 });
}

/** Calls `listener` at each request from now on; answers what ends the watch. It keeps no program alive. */
export function watchReload(
  folder: string,
  listener: () => void,
  { intervalMs = INTERVAL_MS }: { intervalMs?: number } = {},
): () => void {
  const path = `${folder}/${RELOAD_FILE}`;
  // At once, so that nothing that is asked for from now on is taken for the last request.
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

/** What was asked for last; empty where nothing was, or where it cannot be read. */
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
