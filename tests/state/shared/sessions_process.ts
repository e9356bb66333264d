/** A server's use of sessions in a process of its own. */

import type { LoggedEvent } from "../../../src/session/event_log.ts";
import type { KeptSession } from "../../../src/session/session_store.ts";
import { SqliteSessions } from "../../../src/state/shared/sqlite/sessions.ts";
import type { SqliteSessionsOptions } from "../../../src/state/shared/sqlite/sessions.ts";
import type { SharedProcess } from "../shared_engines.ts";

type Asked = { readonly save: KeptSession } | { readonly session: string; readonly append: LoggedEvent };

/** Starts it. */
export function startSessionsProcess(options: SqliteSessionsOptions): SharedProcess {
  const permissions = ["--allow-read", "--allow-write", "--allow-sys=uid"];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", ...permissions, import.meta.filename ?? "", JSON.stringify(options)],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const reader = child.stdout.getReader();
  const ask = async (asked: Asked) => {
    await writer.write(new TextEncoder().encode(`${JSON.stringify(asked)}\n`));
    await reader.read();
  };
  const ended = async () => {
    await reader.cancel();
    await child.status;
  };
  return {
    save: (session) => ask({ save: session }),
    append: (session, event) => ask({ session, append: event }),
    async close() {
      await writer.close().catch(() => {}); // It may have been killed.
      await ended();
    },
    async kill() {
      child.kill("SIGKILL");
      await writer.abort().catch(() => {});
      await ended();
    },
  };
}

async function serve(options: SqliteSessionsOptions): Promise<void> {
  const sessions = await SqliteSessions.open(options);
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
  for await (const line of lines) {
    const asked: Asked = JSON.parse(line);
    if ("save" in asked) sessions.save(asked.save, options.now);
    else {
      sessions.begin(asked.session, "1", 7);
      sessions.append(asked.session, "1", asked.append);
    }
    await Deno.stdout.write(new TextEncoder().encode("done\n"));
  }
  sessions.close();
}

if (import.meta.main) await serve(JSON.parse(Deno.args[0] ?? ""));
