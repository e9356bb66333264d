/**
 * `state move`: copies the trading record, the paper accounts and the API keys between the state folder and a
 * PostgreSQL database.
 */

import { join } from "node:path";
import { COMMAND_SETTINGS } from "../config/command_settings.ts";
import type { CommandConfig } from "../config/command_settings.ts";
import { parseSettings } from "../config/parse.ts";
import { SIMULATED_VENUE, venueWithKey, venueWithoutKey } from "../server/record_venue.ts";
import type { DatabaseAccess } from "../state/database_address.ts";
import { ARCHIVE_FOLDER } from "../state/record/archive_files.ts";
import { moveRecord } from "../state/record/move/move_record.ts";
import type { Moved, MoveOptions } from "../state/record/move/move_record.ts";
import { withPostgresEnd } from "../state/record/move/postgres_end.ts";
import { withSqliteEnd } from "../state/record/move/sqlite_end.ts";
import { StateError } from "../state/state_error.ts";
import { StoreError } from "../trading/record/store_error.ts";
import { print } from "../world.ts";
import type { ExitCode, World } from "../world.ts";
import type { CommandCall } from "./command_call.ts";
import { findRecord, placeOf } from "./find_record.ts";
import type { RecordPlace } from "./find_record.ts";
import { fail, refuse, say } from "./report.ts";

type Engine = NonNullable<CommandConfig<"state">["from"]>;

/** The two ends, and which of them has the record now. */
interface Move {
  readonly from: Engine;
  readonly place: RecordPlace;
  readonly database: DatabaseAccess;
}

/** Rows between two progress lines. */
const ROWS_PER_LINE = 50_000;

/** Moves it, or reports why nothing was moved. */
export async function state(
  flags: Readonly<Record<string, string>>,
  { world, problems, json }: CommandCall,
): Promise<ExitCode> {
  const parsed = parseSettings(COMMAND_SETTINGS.state, { flags, env: world.env });
  const place = await findRecord(parsed, world.env);
  const all = [
    ...problems,
    ...(parsed.ok ? [] : parsed.problems),
    ...(parsed.origins.from === "unset"
      ? ["--from: expected where orders and keys are now, sqlite or postgres: not set"]
      : []),
    ...(place.ok ? [] : place.problems),
  ];
  const database = place.ok ? place.database : undefined;
  if (place.ok && database === undefined && parsed.origins.stateUrl === "unset") {
    all.push("--state-url: expected the database to move to or from: not set");
  }
  if (!parsed.ok || !place.ok || all.length > 0) return await refuse(world, all);
  const { from, apiKeyId } = parsed.values;
  if (from === undefined || database === undefined) throw new TypeError("Cannot move as an end is missing");
  const move = { from, place, database };
  try {
    const moved = await run(move, { venueOf: namerOf(from, apiKeyId), onRows: progressOn(world) });
    await report(move, moved, { world, json: json || !world.stdout.isTerminal() });
    return 0;
  } catch (error) {
    if (!(error instanceof StateError || error instanceof StoreError)) throw error;
    return await fail(world, error.message, error.code);
  }
}

/** The target is opened inside the source, so that it is closed first. */
async function run({ from, place: { path: folder }, database }: Move, options: MoveOptions): Promise<Moved> {
  if (from === "sqlite") {
    return await withSqliteEnd(
      { folder, role: "source" },
      (source) =>
        withPostgresEnd(database, { folder, role: "target" }, (target) => moveRecord(source, target, options)),
    );
  }
  return await withPostgresEnd(
    database,
    { folder, role: "source" },
    (source) => withSqliteEnd({ folder, role: "target" }, (target) => moveRecord(source, target, options)),
  );
}

/** A database belongs to one key of an exchange, the record of a folder to the exchange. */
function namerOf(from: Engine, keyId: CommandConfig<"state">["apiKeyId"]): MoveOptions["venueOf"] {
  if (from === "postgres") return venueWithoutKey;
  return (venue) => {
    if (venue === SIMULATED_VENUE) return venue;
    if (keyId !== undefined) return venueWithKey(venue, keyId);
    throw new StateError(
      "Cannot move as a database holds the orders of one API key: set LUNO_API_KEY to the ID of the key that placed them",
      { path: venue },
    );
  };
}

/** Prints progress for people only; an interrupt ends the move. */
function progressOn(world: World): NonNullable<MoveOptions["onRows"]> {
  return async (table, count) => {
    if (world.shutdown.aborted) {
      throw new StateError("Cannot move as it was interrupted: nothing was kept", { path: table, failure: "closed" });
    }
    if (count % ROWS_PER_LINE !== 0 || !world.stderr.isTerminal()) return;
    await print(world.stderr, `Moving ${table}: ${count} rows`);
  };
}

async function report(
  { from, place, database }: Move,
  { rows, audit }: Moved,
  { world, json }: { readonly world: World; readonly json: boolean },
): Promise<void> {
  const ends = [place.path, placeOf({ ...place, database })];
  const [source, target] = from === "sqlite" ? ends : ends.toReversed();
  if (json) return await print(world.stdout, JSON.stringify({ from: source, to: target, rows, audit }));
  const archived = audit.archived === undefined
    ? []
    : [`  archive ${audit.archived} rows stay in ${join(place.path, ARCHIVE_FOLDER)}`];
  const lines = [
    `Copied and verified: ${rows["placements"]} orders, ${rows["keys"]} API keys, ` +
    `paper accounts of ${rows["paper_identities"]} clients, ${rows["audit"]} rows of the audit log`,
    `  from    ${source}`,
    `  to      ${target}`,
    `  head    ${audit.head}`,
    ...archived,
    "  note    previews and dialogs, which last for minutes, are not copied: preview again",
    "  note    start servers on the copy only: what was copied from is as it was",
  ];
  await say(world, lines.join("\n"), world.stdout);
}
