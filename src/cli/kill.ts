/** `kill`: pulls the kill switch, lifts it, or says how it stands. */

import { join } from "node:path";
import { parseSettings } from "../config/parse.ts";
import { HALT_SETTINGS } from "../config/trading_commands_settings.ts";
import type { ValuesOf } from "../config/setting.ts";
import { StateError } from "../state/sqlite.ts";
import { HALT_FILE } from "../trading/kill_switch.ts";
import type { Placement } from "../trading/journal.ts";
import { StoreError } from "../trading/store_connection.ts";
import { TradingStore } from "../trading/store.ts";
import type { CommandCall } from "./command_call.ts";
import type { CancelContext } from "./cancel_open_orders.ts";
import { cancelOpenOrders, describeWish, kindsToCancel } from "./cancel_open_orders.ts";
import { findFolder, withRecord } from "./trading_record.ts";
import type { RecordFolder } from "./trading_record.ts";
import { print, refuse } from "./world.ts";
import type { ExitCode, World } from "./world.ts";

/** Who acts, in the record. */
const BY = "terminal";

type Config = ValuesOf<typeof HALT_SETTINGS>;
type Flags = Readonly<Record<string, string>>;

/** Halts trading for every server that uses the state folder, unless a flag says otherwise. */
export async function kill(
  flags: Flags,
  { world, problems, operands, json }: CommandCall,
): Promise<ExitCode> {
  const parsed = parseSettings(HALT_SETTINGS, { flags, env: world.env });
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
  if (!lift && !status) return await pull(folder, { world, config: parsed.values, flags, json });
  const asJson = json || !world.stdout.isTerminal();
  return await withRecord({ folder, access: "create" }, {
    world,
    body: (store) => lift ? liftSwitch(store, world) : printStatus(store, { world, asJson }),
  });
}

async function pull(
  folder: RecordFolder & { readonly ok: true },
  { world, config, flags, json }: { world: World; config: Config; flags: Flags; json: boolean },
): Promise<ExitCode> {
  const { reason = "no reason given", cancelOpen } = config;
  let store: TradingStore | undefined;
  try {
    store = TradingStore.open(folder.path, { now: world.now });
    const kinds = cancelOpen ? kindsToCancel(store, { world, flags }) : [];
    store.killSwitch.pull({ by: BY, reason, cancelOpen: kinds, now: world.now() });
    return await finish(store, { world, flags, kinds, folder: folder.path, cancelOpen, json });
  } catch (error) {
    if (!(error instanceof StateError || error instanceof StoreError)) throw error;
    return await pullByFile(folder.path, { world, error });
  } finally {
    store?.close();
  }
}

/** Says what the halt did not stop, and sees to what it wished for. */
async function finish(
  store: TradingStore,
  { cancelOpen, json, ...context }: CancelContext & { readonly cancelOpen: boolean; readonly json: boolean },
): Promise<ExitCode> {
  const { world, folder } = context;
  const onTheirWay = store.journal.onTheirWay();
  if (!json) await print(world.stdout, haltedSentences(onTheirWay, { cancelOpen, folder }));
  const outcome = cancelOpen ? await cancelOpenOrders(store, context) : undefined;
  if (json) {
    await print(
      world.stdout,
      JSON.stringify({ halted: true, ...onTheWayRecord(onTheirWay), ...wishesRecord(store) }),
    );
  }
  if (outcome === undefined) return 0;
  await print(outcome.ok && !json ? world.stdout : world.stderr, outcome.sentence);
  return outcome.ok ? 0 : 1;
}

function haltedSentences(
  onTheirWay: readonly Placement[],
  { cancelOpen, folder }: { cancelOpen: boolean; folder: string },
): string {
  const left = onTheirWay.map(({ clientOrderId, order: { side, pair }, validUntil }) => {
    const until = validUntil === null
      ? ""
      : `, taken by the exchange until ${new Date(validUntil).toISOString()} at most`;
    return `    ${clientOrderId}  ${side} ${pair}${until}`;
  });
  return [
    `Trading is halted: no server that uses ${folder} sends a new order`,
    ...(left.length === 0 ? [] : ["  these orders had left before, and may still be placed:", ...left]),
    cancelOpen ? "  open orders are being cancelled" : "  open orders stay open; kill --cancel-open cancels them",
    "  kill --lift lets trading go on",
  ].join("\n");
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
  const { state, withdrawn } = store.killSwitch.lift({ by: BY, now: world.now() });
  if (withdrawn.length > 0) {
    await print(world.stderr, "Orders that were still to be cancelled stay open: look at what is open");
  }
  if (state.halted) {
    await print(world.stderr, `Trading is still halted by a file: remove ${store.killSwitch.file}`);
    return 1;
  }
  await print(world.stdout, before.halted ? "Trading may go on" : "Trading was not halted");
  return 0;
}

async function printStatus(
  store: TradingStore,
  { world, asJson }: { world: World; asJson: boolean },
): Promise<ExitCode> {
  const state = store.killSwitch.state();
  const onTheirWay = store.journal.onTheirWay();
  if (asJson) {
    const record = state.halted ? { ...state, at: new Date(state.at).toISOString() } : state;
    await print(world.stdout, JSON.stringify({ ...record, ...onTheWayRecord(onTheirWay), ...wishesRecord(store) }));
  } else if (!state.halted) await print(world.stdout, "Trading is not halted");
  else {
    const { at, by, reason } = state;
    const lines = [
      `Trading is halted since ${new Date(at).toISOString()} by ${by}: ${reason}`,
      ...onTheirWay.map(({ clientOrderId }) => `  had left before, its outcome is not known yet: ${clientOrderId}`),
      ...store.cancelWishes.all().flatMap(describeWish),
    ];
    await print(world.stdout, lines.join("\n"));
  }
  return 0;
}

function onTheWayRecord(onTheirWay: readonly Placement[]): Record<string, unknown> {
  return {
    on_their_way: onTheirWay.map(({ clientOrderId, order: { side, pair }, validUntil }) => ({
      client_order_id: clientOrderId,
      ...{ side, pair },
      ...(validUntil === null ? {} : { valid_until: new Date(validUntil).toISOString() }),
    })),
  };
}

function wishesRecord({ cancelWishes }: TradingStore): Record<string, unknown> {
  const wishes = cancelWishes.all();
  const time = (at: number | null) => at === null ? null : new Date(at).toISOString();
  return {
    cancel_open: wishes.some(({ doneAt }) => doneAt === null),
    cancelling: wishes.map(({ kind, wishedAt, rounds, triedAt, remaining, unlisted, doneAt }) => ({
      orders: kind,
      asked_at: time(wishedAt),
      rounds,
      tried_at: time(triedAt),
      remaining,
      list_error: unlisted,
      done_at: time(doneAt),
    })),
  };
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
