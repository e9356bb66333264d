/** Determines what an API key may read by reading; it writes nothing. */

import type { AnswerOf, EndpointName, ParamsOf } from "../exchange/endpoints.ts";
import { ExchangeError } from "../exchange/errors.ts";
import type { ToolContext } from "./tool.ts";

/** The exchange, the signal that ends the calls, and how long one may take, in milliseconds, unless the client says it. */
type Asked = Pick<ToolContext, "signal"> & {
  readonly exchange: Pick<ToolContext["exchange"], "call">;
  readonly deadlineMs?: number;
};

/** An answer, or why there is none. */
export type Attempt<Name extends EndpointName> =
  | { reached: true; answer?: AnswerOf<Name>; error?: ExchangeError }
  | { reached: false; error: ExchangeError };

/** Calls, and tells whether the exchange was reached: a refusal counts as reached, an answer from a proxy does not. */
export async function attempt<Name extends EndpointName>(
  { exchange, ...options }: Asked,
  name: Name,
  params: ParamsOf<Name>,
): Promise<Attempt<Name>> {
  try {
    return { reached: true, answer: await exchange.call(name, params, { ...options, fresh: true }) };
  } catch (error) {
    if (!(error instanceof ExchangeError) || error.code === "ERR_CANCELLED") throw error;
    const answered = error.status !== undefined && error.status < 500 && error.code !== "ERR_ANSWER_INVALID";
    return { reached: answered, error };
  }
}

/** Whether a key has one permission. */
export interface PermissionVerdict {
  readonly permission: string;
  readonly verdict: "granted" | "refused" | "key refused" | "unknown";
}

/** Tries one cheap read for each permission that a read can reveal. */
export async function probePermissions(context: Asked): Promise<PermissionVerdict[]> {
  const balances = await attempt(context, "getBalances", {});
  const accountId = balances.reached ? balances.answer?.balance[0]?.account_id : undefined;
  const probes: Promise<PermissionVerdict>[] = [
    classifyProbe("Perm_R_Orders", attempt(context, "listOrders", { limit: 1 })),
    classifyProbe("Perm_R_Withdrawals", attempt(context, "listWithdrawals", { limit: 1 })),
    classifyProbe("Perm_R_Beneficiaries", attempt(context, "listBeneficiaries", {})),
    ...(accountId === undefined ? [] : [
      classifyProbe(
        "Perm_R_Transactions",
        attempt(context, "listTransactions", { id: accountId, min_row: -1, max_row: 0 }),
      ),
      classifyProbe("Perm_R_Transfers", attempt(context, "listTransfers", { account_id: accountId, limit: 1 })),
    ]),
  ];
  return [await classifyProbe("Perm_R_Balance", Promise.resolve(balances)), ...await Promise.all(probes)];
}

async function classifyProbe(permission: string, probe: Promise<Attempt<EndpointName>>): Promise<PermissionVerdict> {
  const { error } = await probe;
  if (error === undefined) return { permission, verdict: "granted" };
  if (error.code === "ERR_CREDENTIALS_REFUSED") return { permission, verdict: "key refused" };
  return { permission, verdict: error.code === "ERR_PERMISSION_MISSING" ? "refused" : "unknown" };
}

/** The verdict on the key itself, from those on its permissions. */
export function checkKey(verdicts: readonly PermissionVerdict[]): "accepted" | "refused" | "unknown" {
  if (verdicts.some(({ verdict }) => verdict === "key refused")) return "refused";
  return verdicts.some(({ verdict }) => verdict !== "unknown") ? "accepted" : "unknown";
}
