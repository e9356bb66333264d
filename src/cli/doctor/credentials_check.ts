/** Checks whether the exchange accepts the API key, and what it may read. Writes nothing. */

import type { ExchangeClient } from "../../exchange/client.ts";
import { ExchangeError } from "../../exchange/errors.ts";
import { Deadline } from "../../timing/deadline.ts";
import { checkKey, probePermissions } from "../../tools/key_permissions.ts";
import type { PermissionVerdict } from "../../tools/key_permissions.ts";
import { broken, NEEDS_CONFIGURATION, ok, skipped, warning } from "./check.ts";
import type { CheckContext, CheckResult } from "./check.ts";

const NAME = "credentials";

/** The permissions that each group of tools requires for reading. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  account: ["Perm_R_Balance", "Perm_R_Orders", "Perm_R_Transactions", "Perm_R_Transfers"],
  trading: ["Perm_R_Balance", "Perm_R_Orders"],
};

/** Reads one row of each kind that the tools read. */
export async function checkCredentials(client: ExchangeClient, context: CheckContext): Promise<CheckResult> {
  const { loaded, config: { exchange }, limits: { accountMs } } = context;
  if (exchange !== "live") return skipped(NAME, "paper trading uses no key of the exchange");
  if (!loaded.ok) return skipped(NAME, NEEDS_CONFIGURATION);
  if (!client.hasCredentials) return skipped(NAME, "no API key is set: public market data only", KEY_FIX);
  using deadline = new Deadline(accountMs, [context.signal]);
  try {
    const verdicts = await probePermissions({ exchange: client, signal: deadline.signal, deadlineMs: accountMs });
    return describe(verdicts, loaded.config.tools);
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error;
    return warning(
      NAME,
      `not known: the exchange did not answer within ${accountMs / 1_000} s`,
      "run doctor again later",
    );
  }
}

const KEY_FIX = "set LUNO_API_KEY and LUNO_API_SECRET_FILE to read an account (docs/luno-api-key.md)";

function describe(verdicts: readonly PermissionVerdict[], groups: readonly string[]): CheckResult {
  const key = checkKey(verdicts);
  if (key === "refused") {
    return broken(
      NAME,
      "the exchange refuses the key: id or secret is wrong, or the key was revoked or not confirmed",
      "set LUNO_API_KEY and LUNO_API_SECRET to a key that is valid (docs/luno-api-key.md)",
    );
  }
  if (key === "unknown") return warning(NAME, "not known: the exchange answered no read", "run doctor again later");
  const named = (wanted: PermissionVerdict["verdict"]) =>
    verdicts.filter(({ verdict }) => verdict === wanted).map(({ permission }) => permission);
  const granted = named("granted");
  const needed = new Set(groups.flatMap((group) => NEEDED[group] ?? []));
  const lacking = named("refused").filter((permission) => needed.has(permission));
  const text = `the exchange takes the key; it has ${
    granted.length === 0 ? "no permission to read" : granted.join(", ")
  }`;
  const orders = groups.includes("trading") ? "; whether it has Perm_W_Orders only an order shows" : "";
  if (lacking.length === 0) return ok(NAME, text + orders);
  return broken(
    NAME,
    `${text} and lacks ${lacking.join(", ")}, which tools need that are offered${orders}`,
    `give the key ${lacking.join(", ")}, or make another one (docs/luno-api-key.md)`,
  );
}
