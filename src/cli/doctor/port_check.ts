/** Checks whether a network server could listen: its listener, and a free port on the addresses of its host. */

import { reasonOf } from "../../errors/reason_of.ts";
import { checkListener, listenerKind, listenOptions } from "../../server/network/listener_choice.ts";
import { lookAtFolder } from "../../server/instances/folder_use.ts";
import { listenOnHost } from "../../transport/listeners/each_address.ts";
import type { Application, Listen } from "../../transport/listeners/listener.ts";
import { broken, NEEDS_CONFIGURATION, ok, skipped } from "./check.ts";
import type { CheckContext, CheckResult } from "./check.ts";

const NAME = "port";

/** Binds the port for a moment, as a server would. */
export async function checkPort({ loaded, folder }: CheckContext): Promise<readonly CheckResult[]> {
  if (!loaded.ok) return [skipped(NAME, NEEDS_CONFIGURATION)];
  const { config } = loaded;
  if (config.transport === "stdio") return [skipped(NAME, "not used with --transport stdio")];
  const problems = checkListener(config);
  if (problems.length > 0) {
    return problems.map((problem) => broken("listener", problem, "change the setting that the line names"));
  }
  const address = `${config.host}:${config.port}`;
  try {
    const listener = await listenOnHost(probe)(NOBODY, listenOptions(config));
    await listener.close();
    return [ok(NAME, config.port === 0 ? "any free one" : `${address} is free (${listenerKind(config)} listener)`)];
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const server = code === "EADDRINUSE" && folder !== undefined ? serverAt(config.port, folder) : undefined;
    if (server !== undefined) return [ok(NAME, `${address} is served by process ${server} of this state folder`)];
    const reason = reasonOf(error);
    return [broken(NAME, `${address} is not available (${code === "" ? reason : code})`, fixOf(code, config))];
  }
}

/** A client that connects in that moment is disconnected. */
const NOBODY: Application = {
  admit: () => false,
  fetch: () => Promise.resolve(new Response(null, { status: 503 })),
  upgrade: () => Promise.resolve(new Response(null, { status: 503 })),
};

/** Listens without accepting. */
const probe: Listen = (_application, { hostname, port }) => {
  const listener = Deno.listen({ hostname, port });
  return Promise.resolve({
    hostname,
    port: listener.addr.port,
    reload() {},
    stopAccepting() {},
    close: () => Promise.resolve(listener.close()),
  });
};

/** The process of ours that reports serving there. */
function serverAt(port: number, folder: string): number | undefined {
  return lookAtFolder(folder).instances.find(({ isAlive, report }) =>
    isAlive && report?.addresses.some((address) => new URL(address).port === String(port))
  )?.report?.pid;
}

function fixOf(code: string, { host, port }: { host: string; port: number }): string {
  if (code === "EADDRINUSE") return `end the program that listens on port ${port}, or choose another one by --port`;
  if (code === "EACCES") return "choose a port above 1023 by --port: those below belong to the system";
  return `choose an address of this machine by --host: ${host} is none`;
}
