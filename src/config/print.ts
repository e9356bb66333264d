/** The configuration as people may see it: every setting with its origin, secrets redacted. */

import type { Origin } from "./parse.ts";
import { Secret } from "../secret.ts";
import { SERVER_SETTINGS } from "./server_settings.ts";
import type { Config } from "./server_settings.ts";
import type { Setting } from "./setting.ts";

/** One setting as it is shown. */
export interface ShownSetting {
  /** The flag, or the variable where there is none. */
  readonly name: string;
  readonly value: string | number | boolean | null;
  readonly origin: Origin;
}

/** Lists every setting; a secret that is set reads `[redacted]`. */
export function shownSettings(
  loaded: { config: Config; origins: Readonly<Record<keyof Config, Origin>> },
): ShownSetting[] {
  return (Object.entries(SERVER_SETTINGS) as [keyof Config, Setting][]).map(([key, setting]) => ({
    name: setting.flag === undefined ? setting.env[0] ?? key : `--${setting.flag}`,
    value: setting.secret && loaded.config[key] !== undefined ? "[redacted]" : shownValue(loaded.config[key]),
    origin: loaded.origins[key],
  }));
}

/** The same as an object by name, for clients. */
export function publicConfig(loaded: Parameters<typeof shownSettings>[0]): Record<string, ShownSetting["value"]> {
  return Object.fromEntries(shownSettings(loaded).map(({ name, value }) => [name.replace(/^--/, ""), value]));
}

function shownValue(value: Config[keyof Config]): ShownSetting["value"] {
  if (value === undefined) return null;
  if (value instanceof URL) return value.href;
  if (value instanceof Secret) return value.toString();
  return typeof value === "object" ? value.join(",") : value;
}
