/** `kill`: pulls the kill switch, lifts it, or says how it stands. */

import { join } from "node:path";
import { parseSettings } from "../config/parse.ts";
import { KILL_SETTINGS } from "../config/trading_commands_settings.ts";
import type { ValuesOf } from "../config/setting.ts";
import { StateError } from "../state/sqlite.ts";
import { HALT_FILE } from "../trading/kill_switch.ts";
import type { KillSwitchState } from "../trading/kill_switch.ts";
import { StoreError } from "../trading/store_connection.ts";
import { TradingStore } from "../trading/store.ts";
import type { CommandCall } from "./command_call.ts";
import { findFolder, withRecord } from "./trading_record.ts";
import { print, refuse } from "./world.ts";
import type { ExitCode, World } from "./world.ts";

/** Who acts, in the record. */
const BY = "terminal";

type Config = ValuesOf<typeof KILL_SETTINGS>;

/** Halts trading for every server that uses the state folder, unless a flag says otherwise. */
export async function kill(
  flags: Readonly<Record<string, string>>,
  { world, problems, operands, json }: CommandCall,
): Promise<ExitCode> {
  const parsed = parseSettings(KILL_SETTINGS, { flags, env: world.env });
  const { values, origins } = parsed;
  const folder = findFolder(values.state, { env: world.env, origin: origins.state });
  const all = [
    ...problems,
    ...operands.map((word) => `${JSON.stringify(word)}: unexpected argument`),
    ...judgeFlags(values),
    ...(parsed.ok ? [] : parsed.problems),
    ...(folder.ok ? [] : [folder.problem]),
  ];
  if (!parsed.ok || !folder.ok || all.length > 0) return await refuse(world, all);
  const { lift, status } = parsed.values;
  if (!lift && !status) return await pull(folder.path, { world, config: parsed.values });
  const asJson = json || !world.stdout.isTerminal();
  return await withRecord({ folder, access: "create" }, {
    world,
    body: (store) => lift ? liftSwitch(store, world) : printStatus(store.killSwitch.state(), { world, asJson }),
  });
}

async function pull(folder: string, { world, config }: { world: World; config: Config }): Promise<ExitCode> {
  const { reason = "no reason given", cancelOpen } = config;
  try {
    const store = TradingStore.open(folder, { now: world.now });
    try {
      store.killSwitch.pull({ by: BY, reason, cancelOpen, now: world.now() });
    } finally {
      store.close();
    }
  } catch (error) {
    if (!(error instanceof StateError || error instanceof StoreError)) throw error;
    return await pullByFile(folder, { world, error });
  }
  await print(
    world.stdout,
    [
      "Trading is halted: no server that uses this state folder sends a new order",
      cancelOpen
        ? "  open orders are cancelled by the running server; its log says what remained"
        : "  open orders stay open; kill --cancel-open has the running server cancel them",
      "  kill --lift lets trading go on",
    ].join("\n"),
  );
  return 0;
}

/** A halt must not depend on a record that can be written: a file without content needs next to nothing. */
async function pullByFile(folder: string, { world, error }: { world: World; error: Error }): Promise<ExitCode> {
  const path = join(folder, HALT_FILE);
  await print(world.stderr, error.message);
  try {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    await createFile(path);
  } catch (failure) {
    if (!(failure instanceof Error && "code" in failure)) throw failure;
    await print(world.stderr, `Cannot halt trading as ${path} cannot be written either: end the server`);
    return 1;
  }
  await print(
    world.stdout,
    `Trading is halted by the file ${path}, as the record could not be written; open orders stay open\n` +
      "  removing the file lets trading go on",
  );
  return 0;
}

/** Writes to nothing that is there: whatever has this name halts. */
async function createFile(path: string): Promise<void> {
  try {
    (await Deno.open(path, { write: true, createNew: true, mode: 0o600 })).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
}

async function liftSwitch(store: TradingStore, world: World): Promise<ExitCode> {
  const before = store.killSwitch.state();
  const after = store.killSwitch.lift({ by: BY, now: world.now() });
  if (after.halted) {
    await print(world.stderr, `Trading is still halted by a file: remove ${store.killSwitch.file}`);
    return 1;
  }
  await print(world.stdout, before.halted ? "Trading may go on" : "Trading was not halted");
  return 0;
}

async function printStatus(
  state: KillSwitchState,
  { world, asJson }: { world: World; asJson: boolean },
): Promise<ExitCode> {
  if (asJson) await print(world.stdout, JSON.stringify(asRecord(state)));
  else if (!state.halted) await print(world.stdout, "Trading is not halted");
  else {
    const { at, by, reason, cancelOpen } = state;
    const wish = cancelOpen ? "\n  open orders are still to be cancelled by a running server" : "";
    await print(world.stdout, `Trading is halted since ${new Date(at).toISOString()} by ${by}: ${reason}${wish}`);
  }
  return 0;
}

function asRecord(state: KillSwitchState): Record<string, unknown> {
  if (!state.halted) return { halted: false };
  const { at, by, reason, cancelOpen, source } = state;
  return { halted: true, at: new Date(at).toISOString(), by, reason, cancel_open: cancelOpen, source };
}

function judgeFlags({ lift, status, reason, cancelOpen }: Partial<Config>): string[] {
  if (lift && status) return ["--lift and --status: expected one of them"];
  const other = lift ? "--lift" : "--status";
  if (!lift && !status) return [];
  return [
    ...(reason === undefined ? [] : [`--reason: kill ${other} does not take it`]),
    ...(cancelOpen ? [`--cancel-open: kill ${other} does not take it`] : []),
  ];
}
