/** The settings of `kill`. */

import { SERVER_SETTINGS } from "./server_settings.ts";
import type { Settings } from "./setting.ts";
import { HALT_SETTINGS } from "./trading_commands_settings.ts";

const { exchange, apiUrl, apiRateLimit, apiKeyId, apiSecret, apiSecretFile, envFile } = SERVER_SETTINGS;

/** What `kill` understands; the exchange's settings are for cancelling where no server runs. */
export const KILL_SETTINGS = {
  ...HALT_SETTINGS,
  ...{ exchange, apiUrl, apiRateLimit, apiKeyId, apiSecret, apiSecretFile, envFile },
} as const satisfies Settings;
