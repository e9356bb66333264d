/**
 * Opens the configured authentication methods: API keys, tokens, client certificates. Problems are added to the others.
 */

import { join } from "node:path";
import { getLogger } from "../logging/logger.ts";
import type { CertificateSource } from "../access/certificate_source.ts";
import type { DenyList } from "../access/deny_list.ts";
import type { TokenVerifier } from "../access/jwt.ts";
import type { KeySource } from "../access/key_source.ts";
import type { Keys, KeysMark } from "../access/keys.ts";
import { readPrivate } from "../config/files.ts";
import { clientCertificateProblems, tokenProblems } from "../config/rules/network_rules.ts";
import type { Config } from "../config/server_settings.ts";
import { missingFolder, stateBase, stateFolder } from "../state/folder.ts";
import { checkPrivateFile } from "../state/private_file.ts";
import { folderProblems } from "../state/state_folder.ts";
import { StateError } from "../state/state_error.ts";
import type { RecordChanges } from "./record_changes.ts";
import type { World } from "../world.ts";

const log = getLogger(["luno-mcp-server", "access"]);

/**
 * Keys are a method as soon as there is one, even a revoked one: revoking the last key must not admit anyone. The first
 * one may be created while the server runs. Without a folder it would be unknown whether there are keys.
 */
export async function openKeys(
  config: Config,
  world: World,
  { changes, problems }: { readonly changes: RecordChanges; readonly problems: string[] },
): Promise<KeySource | undefined> {
  const { state, stateUrl, stateTimeout } = config;
  if (stateUrl !== undefined) {
    return await (await import("./shared_keys.ts")).openSharedKeys(config, world, { changes, problems });
  }
  const folder = state ?? stateFolder(world.env);
  if (folder === undefined) {
    problems.push(missingFolder(", as the keys of clients are there"));
    return undefined;
  }
  const { KEYS_FILE, openKeys } = await import("../state/record/sqlite/open_keys.ts");
  const path = join(folder, KEYS_FILE);
  const isThere = await exists(path);
  const unsafe = await placeProblems(folder, state, world);
  if (isThere && unsafe.length === 0) unsafe.push(...await checkPrivateFile("--state", path, { as: "record" }));
  problems.push(...unsafe);
  if (unsafe.length > 0) return undefined;
  const { monotonic, now, shutdown: signal } = world;
  const timeoutMs = stateTimeout * 1_000;
  const onWait = () =>
    log.warning("waiting for keys.db, which another process keeps locked", { path, timeout_s: stateTimeout });
  let keys: Keys | undefined;
  try {
    if (isThere) keys = await openKeys({ path, mode: "follow", timeoutMs, monotonic, signal, onWait });
    const wrong = await checkExpected(folder, await keys?.mark());
    problems.push(...wrong.map((problem) => `--state: ${problem}`));
    if (wrong.length === 0) {
      const { KeySource } = await import("../access/key_source.ts");
      // A request waits for no lock: the next read tries again.
      const open = async () =>
        await exists(path) ? await openKeys({ path, mode: "read", timeoutMs: 0, monotonic }) : undefined;
      const source = new KeySource({ path, open, keys, now, monotonic });
      await source.refresh();
      return source;
    }
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    problems.push(`--state: ${error.message}`);
  }
  await keys?.close();
  return undefined;
}

/** The problems of the folder as the place of keys; `named` is its name, if one was given. */
async function placeProblems(folder: string, named: string | undefined, { env }: World): Promise<string[]> {
  const problems = folderProblems(folder).map((problem) => `--state: ${problem}`);
  const base = named === undefined ? stateBase(env) : undefined;
  if (base !== undefined && base.name !== "XDG_STATE_HOME" && !await exists(base.folder)) {
    problems.push(
      `--state: expected a folder, as the keys of clients are there: ${base.name} names ${
        JSON.stringify(base.folder)
      }, ` +
        "which does not exist: make it, or name a folder by --state",
    );
  }
  // A named folder that does not exist is more likely a typing error than a new folder.
  if (named !== undefined && !await exists(named)) {
    problems.push(
      `--state: expected a folder that exists: there is no ${named}: run mkdir -m 700 ${named}, ` +
        "or make a key there with luno-mcp-server keys create NAME",
    );
  }
  return problems;
}

/** Compares the store with the expected one, and records its present state. */
async function checkExpected(folder: string, mark: KeysMark | undefined): Promise<string[]> {
  const { checkKeys, readExpectedKeys, writeExpectedKeys } = await import("../access/expected_keys.ts");
  const expected = await readExpectedKeys(folder);
  if (!expected.ok) return [expected.problem];
  const problems = checkKeys(folder, { expected: expected.mark, found: mark });
  if (problems.length > 0 || mark === undefined || mark.revision === 0) return problems;
  if (mark.revision === expected.mark?.revision) return [];
  await writeExpectedKeys(folder, mark).catch((error) => {
    log.warning("cannot record in the state folder that API keys exist", { error });
  });
  return [];
}

/** A file that cannot be examined counts as existing, so that opening it reports why. */
async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, (error) => !(error instanceof Deno.errors.NotFound));
}

/** Tokens of one issuer, if all of its settings are present. */
export async function openTokens(config: Config, world: World, problems: string[]): Promise<TokenVerifier | undefined> {
  const { jwtIssuer: issuer, jwtAudience: audience, jwksUrl, jwksFile } = config;
  const given = [issuer, audience, jwksUrl ?? jwksFile];
  if (given.every((value) => value === undefined)) return undefined;
  problems.push(...tokenProblems(config));
  const text = jwksFile === undefined ? undefined : await readPrivate("--jwks-file", jwksFile, problems);
  const [{ checkJwks }, { openJwks }] = await Promise.all([
    import("../access/jwk_set.ts"),
    import("../access/jwks.ts"),
  ]);
  if (text !== undefined) problems.push(...checkJwks(text).map((problem) => `--jwks-file: ${problem}`));
  const source = jwksUrl !== undefined ? { url: jwksUrl } : text !== undefined ? { text } : undefined;
  if (issuer === undefined || audience === undefined || source === undefined || problems.length > 0) return undefined;
  const { TokenVerifier } = await import("../access/jwt.ts");
  const keys = openJwks(source, { now: world.monotonic, prefetch: true });
  return new TokenVerifier({ keys, rules: { issuer, audience }, now: world.now });
}

/** Certificates of the authorities that the listener requires. */
export async function openCertificates(
  config: Config,
  world: World,
  problems: string[],
): Promise<CertificateSource | undefined> {
  problems.push(...clientCertificateProblems(config));
  if (config.sslClientCa === undefined) return undefined;
  const denied = await readDenied(config, problems);
  const { readClientCertificate } = await import("../access/client_certificate.ts");
  const { CertificateSource } = await import("../access/certificate_source.ts");
  const { DenyList } = await import("../access/deny_list.ts");
  return new CertificateSource({
    read: readClientCertificate,
    denied: denied ?? new DenyList(new Set()),
    now: world.now,
  });
}

/** Reads the deny list; `undefined` when there is none, or it cannot be used. */
export async function readDenied({ sslClientDeny: path }: Config, problems: string[]): Promise<DenyList | undefined> {
  const text = path === undefined ? undefined : await readPrivate("--ssl-client-deny", path, problems);
  if (text === undefined) return undefined;
  const { parseDenyList } = await import("../access/deny_list.ts");
  const parsed = parseDenyList(text);
  if (parsed.ok) return parsed.list;
  problems.push(...parsed.problems.map((problem) => `--ssl-client-deny: ${problem}`));
  return undefined;
}
