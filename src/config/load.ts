/**
 * Turns the command line and the environment into a configuration: reads the files that they name and validates
 * settings against each other.
 */

import { findText, parseSettings } from "./parse.ts";
import type { Found, Sources } from "./parse.ts";
import { contradictions, settingWarnings, tradingInForce } from "./rules/server_rules.ts";
import type { ConfigOrigins, Configured } from "./rules/server_rules.ts";
import { SERVER_SETTINGS } from "./server_settings.ts";
import type { Config } from "./server_settings.ts";
import { secretsOf } from "../secrets/redaction.ts";
import type { Secret } from "../secrets/secret.ts";
import { credentialProblem } from "./secret_text.ts";
import type { Setting, Settings } from "./setting.ts";

/** An API key of the exchange. */
export interface Credentials {
  readonly id: Secret;
  readonly secret: Secret;
}

/** The texts of a key that no output may show. */
export function secretTexts(credentials: Credentials | undefined): string[] {
  if (credentials === undefined) return [];
  return secretsOf({ id: credentials.id.reveal(), secret: credentials.secret.reveal() });
}

/** A valid configuration. */
export interface LoadedConfig extends Configured {
  /** Warnings for the operator, as log lines. */
  readonly warnings: readonly string[];
  /** Absent when no key is configured: public market data only. */
  readonly credentials?: Credentials;
}

/** The configuration; or every problem at once, together with what could be read. */
export type Loaded = { ok: true } & LoadedConfig | {
  ok: false;
  problems: string[];
  config: Partial<Config>;
  origins: ConfigOrigins;
};

/** Loads the server's configuration; `flags` are by name without dashes. */
export async function loadConfig(
  flags: Readonly<Record<string, string>>,
  env: (name: string) => string | undefined,
): Promise<Loaded> {
  const files = await readNamedFiles(SERVER_SETTINGS, { flags, env });
  const parsed = parseSettings(SERVER_SETTINGS, files.sources);
  const problems = [...files.problems, ...(parsed.ok ? [] : parsed.problems)];
  const secret = await readSecret(parsed.values, problems);
  problems.push(
    ...credentialProblems(parsed.values.apiKeyId, secret),
    ...contradictions(parsed.values, parsed.origins),
  );
  const { origins } = parsed;
  if (!parsed.ok || problems.length > 0) return { ok: false, problems, config: parsed.values, origins };
  const config = settled(parsed.values, origins);
  const warnings = settingWarnings(parsed.values, origins);
  const credentials = config.apiKeyId !== undefined && secret !== undefined
    ? { credentials: { id: config.apiKeyId, secret } }
    : {};
  return { ok: true, config, origins, warnings, ...credentials };
}

function credentialProblems(id: Secret | undefined, secret: Secret | undefined): string[] {
  const ofId = id && credentialProblem(id.reveal(), "id");
  const ofSecret = secret && credentialProblem(secret.reveal(), "secret");
  return [
    ...(ofId === undefined ? [] : [`LUNO_API_KEY: ${ofId}`]),
    ...(ofSecret === undefined ? [] : [`LUNO_API_SECRET: ${ofSecret}`]),
  ];
}

/** Resolves settings that depend on each other. */
function settled(config: Config, origins: ConfigOrigins): Config {
  const trading = tradingInForce(config, origins);
  return { ...config, trading, tools: config.tools.filter((group) => group !== "trading" || trading !== "off") };
}

async function readNamedFiles(
  table: Settings,
  given: Pick<Sources, "flags" | "env">,
): Promise<{ sources: Sources; problems: string[] }> {
  const problems: string[] = [];
  const load = () => import("./named_files.ts");
  const envPath = findSource(table.envFile, given);
  const envFile = envPath && await (await load()).readEnvFile(table, envPath, problems);
  const withEnvFile = { ...given, ...(envFile === undefined ? {} : { envFile }) };
  const configPath = findSource(table.config, withEnvFile);
  const configFile = configPath && await (await load()).readConfigFile(configPath, problems);
  return { sources: { ...withEnvFile, ...(configFile === undefined ? {} : { configFile }) }, problems };
}

/** The file that a setting names, and where it was named; a missing name is reported with the other settings. */
function findSource(setting: Setting | undefined, sources: Sources): Found | undefined {
  const found = setting && findText(setting, sources);
  return found?.text === "" ? undefined : found;
}

async function readSecret(config: Partial<Config>, problems: string[]): Promise<Secret | undefined> {
  if (config.apiSecretFile === undefined || config.apiSecret !== undefined) return config.apiSecret;
  const { readSecretFile } = await import("./files.ts");
  return await readSecretFile("LUNO_API_SECRET_FILE", config.apiSecretFile, problems);
}
