/** Checks whether clients can authenticate: the key store, and the files and settings of network access. */

import { join } from "node:path";
import { parseAccess } from "../../access/access_file.ts";
import { checkKeys, readExpectedKeys } from "../../access/expected_keys.ts";
import { checkJwks } from "../../access/jwk_set.ts";
import { keyState } from "../../access/keys.ts";
import type { Keys, StoredKey } from "../../access/keys.ts";
import { readDatabaseAccess } from "../../config/database_access.ts";
import { readPrivate } from "../../config/files.ts";
import { clientCertificateProblems, exposureProblems, tokenProblems } from "../../config/rules/network_rules.ts";
import type { Config } from "../../config/server_settings.ts";
import { readDenied } from "../../server/identity_sources.ts";
import { KEYS_FILE, openKeys } from "../../state/record/sqlite/open_keys.ts";
import { StateError } from "../../state/state_error.ts";
import { formatAge } from "../terminal/times.ts";
import { isMissing } from "../find_folder.ts";
import { broken, NEEDS_CONFIGURATION, ok, skipped, warning } from "./check.ts";
import type { CheckContext, CheckResult } from "./check.ts";

const KEY_STORE = "key store";
const ACCESS = "access";
const DUE_MS = 14 * 86_400_000;

/** Checks the keys first, as they are one of the authentication methods. */
export async function checkAccess(context: CheckContext): Promise<readonly CheckResult[]> {
  const { results, keys } = await checkKeyStore(context);
  return [...results, ...await checkNetworkAccess(context, { hasKeys: keys.length > 0 })];
}

interface CheckedKeys {
  readonly results: readonly CheckResult[];
  readonly keys: readonly StoredKey[];
}

async function checkKeyStore(context: CheckContext): Promise<CheckedKeys> {
  const { folder, world, signal, config, limits: { keysMs } } = context;
  if (config.stateUrl !== undefined) return await checkSharedKeys(context);
  if (folder === undefined) return { results: [skipped(KEY_STORE, "there is no state folder")], keys: [] };
  const path = join(folder, KEYS_FILE);
  let store: Keys | undefined;
  try {
    const options = { path, mode: "read", timeoutMs: keysMs, monotonic: world.monotonic, signal } as const;
    if (!await isMissing(path)) store = await openKeys(options);
    const expected = await readExpectedKeys(folder);
    const problems = expected.ok
      ? checkKeys(folder, { expected: expected.mark, found: await store?.mark() })
      : [expected.problem];
    const keys = await store?.list() ?? [];
    if (problems.length === 0) return { results: keyResults(keys, world.now()), keys };
    return { results: problems.map((problem) => broken(KEY_STORE, problem, "restore the state folder")), keys };
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    return { results: [broken(KEY_STORE, error.message, "fix or restore the state folder")], keys: [] };
  } finally {
    await store?.close();
  }
}

/** The keys in the database that several servers share; creates nothing there. */
async function checkSharedKeys({ config, world, signal, limits: { keysMs } }: CheckContext): Promise<CheckedKeys> {
  const problems: string[] = [];
  const access = await readDatabaseAccess(config, problems);
  if (access === undefined) {
    return { results: problems.map((problem) => broken(KEY_STORE, problem, "correct the setting")), keys: [] };
  }
  const { openPostgresKeys } = await import("../../state/record/postgres/open_keys.ts");
  let store: Keys | undefined;
  try {
    store = await openPostgresKeys(access, { mode: "read", timeoutMs: keysMs, monotonic: world.monotonic, signal });
    const keys = await store.list();
    return { results: keyResults(keys, world.now()), keys };
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    return { results: [broken(KEY_STORE, error.message, "check --state-url and the database")], keys: [] };
  } finally {
    await store?.close();
  }
}

function keyResults(keys: readonly StoredKey[], now: number): CheckResult[] {
  if (keys.length === 0) {
    return [skipped(KEY_STORE, "no keys: luno-mcp-server keys create NAME makes one for a client of a network server")];
  }
  const live = keys.filter((key) => keyState(key, now) === "live");
  const names = new Set(live.map(({ name }) => name));
  const text = `${live.length} of ${keys.length} keys are valid`;
  // Of keys that replace each other, the newest counts.
  const due = [...names].flatMap((name) => {
    const ends = live.filter((key) => key.name === name).map(({ expiresAt = Infinity }) => expiresAt);
    const end = Math.max(...ends);
    return end - now < DUE_MS ? [{ name, left: formatAge(end - now) }] : [];
  });
  if (live.length === 0) {
    return [warning(KEY_STORE, `${text}: no client gets in by a key`, "luno-mcp-server keys create NAME")];
  }
  if (due.length === 0) return [ok(KEY_STORE, text)];
  const soon = due.map(({ name, left }) => `${name} in ${left}`).join(", ");
  return [warning(KEY_STORE, `${text}; these end soon: ${soon}`, "luno-mcp-server keys rotate NAME")];
}

async function checkNetworkAccess(
  { loaded, world }: CheckContext,
  { hasKeys }: { hasKeys: boolean },
): Promise<CheckResult[]> {
  if (!loaded.ok) return [skipped(ACCESS, NEEDS_CONFIGURATION)];
  const { config } = loaded;
  if (config.transport === "stdio") return [skipped(ACCESS, "not used with --transport stdio")];
  const methods = [
    ...(hasKeys ? ["keys"] : []),
    ...(config.jwtIssuer === undefined ? [] : ["tokens"]),
    ...(config.sslClientCa === undefined ? [] : ["certificates"]),
  ];
  const problems = [
    ...await fileProblems(config),
    ...tokenProblems(config),
    ...clientCertificateProblems(config),
    ...exposureProblems(config, { methods, keyLog: world.env("SSLKEYLOGFILE") }),
  ];
  const fix = "correct the setting or the file that the line names (docs/security.md)";
  if (problems.length > 0) return problems.map((problem) => broken(ACCESS, problem, fix));
  const how = methods.length === 0 ? "no authentication method: everybody on loopback" : `by ${methods.join(", ")}`;
  return [ok(ACCESS, how)];
}

async function fileProblems(config: Config): Promise<string[]> {
  const problems: string[] = [];
  const access = config.access === undefined ? undefined : await readPrivate("--access", config.access, problems);
  const parsed = access === undefined ? undefined : parseAccess(access);
  if (parsed?.ok === false) problems.push(...parsed.problems.map((problem) => `--access: ${problem}`));
  const keys = config.jwksFile === undefined ? undefined : await readPrivate("--jwks-file", config.jwksFile, problems);
  if (keys !== undefined) problems.push(...checkJwks(keys).map((problem) => `--jwks-file: ${problem}`));
  await readDenied(config, problems);
  return problems;
}
