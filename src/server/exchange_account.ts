/** One real account as this process reaches it: a client of its own, with its credentials, call budget and circuit breaker. */

import { CallBudget } from "../exchange/budget.ts";
import type { CallSupply } from "../exchange/call_supply.ts";
import { ExchangeClient } from "../exchange/client.ts";
import type { Exchange } from "../market/exchange_port.ts";
import type { LiveAccount } from "../market/live/live_account.ts";
import { isLoopback } from "../network/address.ts";
import type { ExchangeName } from "../trading/orders/order_summary.ts";
import type { TradingAccount } from "../trading/orders/trading_account.ts";
import type { World } from "../world.ts";

/** An account that this process trades on, and where. */
export interface ExchangeAccount {
  readonly account: TradingAccount;
  readonly exchange: Exchange;
  /** Where orders go, for the person who confirms them. */
  readonly name: ExchangeName;
  readonly venue: ExchangeVenue;
  /** What the exchange tells of the account by itself. @default nothing */
  readonly news?: LiveAccount | undefined;
}

/** What tells an exchange from one that was there before it. */
export interface ExchangeVenue {
  /**
   * Which simulated exchange it is at this moment; `""` for one that never restarts.
   *
   * @throws {ExchangeError} it is on this machine and has not answered yet
   */
  id(): Promise<string>;
  /** Whether it lives in this process and ends with it. */
  readonly isOwn: boolean;
}

/** How an account is reached. */
export interface AccountAccess {
  readonly account: TradingAccount;
  /** Where its exchange is. */
  readonly url: URL;
  /** Without a key only public calls are made. */
  readonly key?: { readonly id: string; readonly secret: string } | undefined;
  /** Calls of its budget. */
  readonly limitPerMinute: number;
  /** Hands out the calls that several servers share. @default all calls are this process's */
  readonly supply?: CallSupply | undefined;
  /** What the settings say that it is. @default "live" */
  readonly kind?: ExchangeName["kind"];
  /** Whether the exchange lives in this process. @default false */
  readonly isOwn?: boolean;
}

/** An account with its client, which ends with {@linkcode ExchangeClient.close}. */
export interface OpenExchangeAccount extends ExchangeAccount {
  readonly exchange: ExchangeClient;
}

/** Makes the client of an account; nothing is called yet. */
export function openExchangeAccount(
  { account, url, key, limitPerMinute, supply, kind = "live", isOwn = false }: AccountAccess,
  { monotonic, now: wallClock }: Pick<World, "monotonic" | "now">,
): OpenExchangeAccount {
  const exchange = new ExchangeClient({
    url: url.href,
    ...(key === undefined ? {} : { credentials: key }),
    budget: new CallBudget({ limitPerMinute, now: monotonic, ...(supply === undefined ? {} : { supply }) }),
    now: monotonic,
    wallClock,
  });
  return {
    account,
    exchange,
    venue: { isOwn, id: () => venueIdOf(exchange, url) },
    name: {
      host: url.host,
      // A simulated exchange of this machine says that it is one; the word of any other host is not taken for that.
      get kind() {
        const isSimulator = isLoopback(url.hostname) && exchange.simulationId !== null;
        return kind === "live" && isSimulator ? "simulated" : kind;
      },
    },
  };
}

async function venueIdOf(client: ExchangeClient, url: URL): Promise<string> {
  if (!isLoopback(url.hostname)) return "";
  // Whichever exchange it is, its first answer tells.
  if (client.simulationId === null && client.status().lastLatencyMs === null) await client.call("getTickers", {});
  return client.simulationId === null ? "" : `simulated-${client.simulationId}`;
}
