/** The configuration for people: every setting with its source, secrets redacted. */

import { settingsInForce } from "./in_force.ts";
import type { Configured } from "./rules/server_rules.ts";
import type { Origin } from "./parse.ts";
import { Secret } from "../secrets/secret.ts";
import { redisName } from "../state/redis_address.ts";
import { databaseName } from "../state/database_address.ts";
import { SERVER_SETTINGS } from "./server_settings.ts";
import type { Config } from "./server_settings.ts";
import type { Setting } from "./setting.ts";

/** One setting in the output. */
export interface ShownSetting {
  /** The flag, or the variable when there is no flag. */
  readonly name: string;
  /** The value in force, which may depend on other settings. */
  readonly value: string | number | boolean | null;
  readonly origin: Origin;
  /** Why it differs from what was read, or has no effect; empty when there is nothing to say. */
  readonly why: string;
}

/** Lists every setting as it is in force; a secret that is set reads `[redacted]`. */
export function shownSettings(loaded: Configured, env: (name: string) => string | undefined): ShownSetting[] {
  const inForce = settingsInForce(loaded, env);
  return (Object.entries(SERVER_SETTINGS) as [keyof Config, Setting][]).map(([key, setting]) => {
    const { value = shownValue(loaded.config[key]), why = "" } = inForce[key] ?? {};
    return {
      name: setting.flag === undefined ? setting.env[0] ?? key : `--${setting.flag}`,
      value: setting.secret && loaded.config[key] !== undefined ? "[redacted]" : value,
      origin: loaded.origins[key],
      why,
    };
  });
}

/** The same as an object by name, for clients; it reveals no folder that was not named explicitly. */
export function publicConfig(loaded: Configured): Record<string, ShownSetting["value"]> {
  return Object.fromEntries(
    shownSettings(loaded, () => undefined).map(({ name, value }) => [name.replace(/^--/, ""), value]),
  );
}

function shownValue(value: Config[keyof Config]): ShownSetting["value"] {
  if (value === undefined) return null;
  if (value instanceof URL) return value.href;
  if (value instanceof Secret) return value.toString();
  if (typeof value !== "object") return value;
  if ("prefix" in value) return redisName(value);
  return "database" in value ? databaseName(value) : value.join(",");
}
