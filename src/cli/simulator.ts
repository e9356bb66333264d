/** `simulator`: the simulated exchange alone, for other clients of Luno's API and for testing faults. */

import { reasonOf } from "../errors/reason_of.ts";
import { COMMAND_SETTINGS } from "../config/command_settings.ts";
import { decodeText } from "../text/decode_text.ts";
import { parseSettings } from "../config/parse.ts";
import { parseFaults } from "../simulation/api/faults.ts";
import type { ParsedFaults } from "../simulation/api/faults.ts";
import { startSimulation } from "../simulation/server.ts";
import type { RunningSimulation } from "../simulation/server.ts";
import { refuse } from "./report.ts";
import { print } from "../world.ts";
import type { ExitCode, World } from "../world.ts";

/** `EX_UNAVAILABLE` of `sysexits.h`: the port cannot be used. */
const EX_UNAVAILABLE = 69;

/** Serves until a signal arrives. `problems` are those of the command line itself. */
export async function simulator(
  flags: Readonly<Record<string, string>>,
  { world, problems, json = false }: { world: World; problems: readonly string[]; json?: boolean },
): Promise<ExitCode> {
  const parsed = parseSettings(COMMAND_SETTINGS.simulator, { flags, env: world.env });
  if (!parsed.ok) return await refuse(world, [...problems, ...parsed.problems]);
  const { port, seed, rateLimit, tradesSince, faults: path } = parsed.values;
  const faults = path === undefined ? { ok: true as const, faults: [] } : await readFaults(path);
  if (!faults.ok || problems.length > 0) {
    return await refuse(world, [...problems, ...(faults.ok ? [] : faults.problems)]);
  }
  let simulation: RunningSimulation;
  try {
    simulation = await startSimulation({
      port,
      seed,
      rateLimitPerMinute: rateLimit,
      tradesSince,
      faults: faults.faults,
      now: world.now,
      signal: world.shutdown,
    });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EADDRINUSE")) throw error;
    await print(world.stderr, `--port: expected a free port: current value is ${port}, which another program uses`);
    return EX_UNAVAILABLE;
  }
  await print(world.stdout, json ? asRecord(simulation) : describe(simulation));
  await simulation.finished;
  return 0;
}

async function readFaults(
  path: string,
): Promise<ParsedFaults> {
  try {
    const parsed = parseFaults(JSON.parse(decodeText(await Deno.readFile(path)) ?? ""));
    return parsed.ok ? parsed : { ok: false, problems: parsed.problems.map((problem) => `--faults: ${problem}`) };
  } catch (error) {
    return {
      ok: false,
      problems: [`--faults: expected a readable JSON file: ${reasonOf(error)}`],
    };
  }
}

function asRecord({ url, keys }: RunningSimulation): string {
  return JSON.stringify({
    url,
    keys: Object.fromEntries(
      Object.entries(keys).map((
        [name, { id, secret }],
      ) => [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), { id, secret }]),
    ),
  });
}

function describe({ url, keys }: RunningSimulation): string {
  const { id, secret } = keys.trading;
  return `Simulated exchange at ${url}
  keys    ${Object.values(keys).map((key) => `${key.id}:${key.secret}`).join("  ")}
  try     curl -u ${id}:${secret} ${url}/api/1/balance
  server  LUNO_API_KEY=${id} LUNO_API_SECRET=${secret} luno-mcp-server --api-url ${url}
  faults  curl -X PUT -d '[{"kind":"delay","ms":500}]' ${url}/_sim/faults`;
}
