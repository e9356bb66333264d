/** Reads the files that settings name: variables, settings and a secret. Loaded only when one is named. */

import { isObject } from "../validation/is_object.ts";
import { readOperatorJson } from "../validation/operator_json.ts";
import { checkPrivateFile } from "../state/private_file.ts";
import { parseEnvFile } from "./env_file.ts";
import { readOwn } from "./files.ts";
import type { Found } from "./parse.ts";
import type { Settings } from "./setting.ts";

/** Reads a file of variables; one that contains a secret must be private. */
export async function readEnvFile(
  table: Settings,
  { name, text: path }: Found,
  problems: string[],
): Promise<Readonly<Record<string, string>> | undefined> {
  const text = await readOwn(name, path, problems);
  if (text === undefined) return undefined;
  const { values, problems: found } = parseEnvFile(text);
  problems.push(...found.map((problem) => `${name}: ${problem}`));
  const others = table.envFile?.env.filter((variable) => values[variable] !== undefined) ?? [];
  problems.push(...others.map((variable) => `${name}: ${variable}: a file of variables cannot name another one`));
  const secrets = Object.values(table).filter(({ secret, mayHoldSecret }) => secret || mayHoldSecret)
    .flatMap(({ env }) => env);
  if (secrets.some((secret) => (values[secret] ?? "") !== "")) problems.push(...await checkPrivateFile(name, path));
  return values;
}

/** Reads a file of settings, named like the flags. */
export async function readConfigFile(
  { name, text: path }: Found,
  problems: string[],
): Promise<Record<string, unknown> | undefined> {
  const text = await readOwn(name, path, problems);
  if (text === undefined) return undefined;
  const json = readOperatorJson(text);
  if (!json.ok) {
    problems.push(`${name}: ${json.problem}`);
    return undefined;
  }
  problems.push(...json.duplicates.map((problem) => `${name}: ${problem}`));
  if (isObject(json.value)) return json.value;
  problems.push(`${name}: expected a JSON object of settings named like the flags`);
  return undefined;
}
