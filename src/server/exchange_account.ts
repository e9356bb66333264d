/** One real account of this process: its own client, with credentials, call budget and circuit breaker. */

import { CallBudget } from "../exchange/budget.ts";
import type { CallSupply } from "../exchange/call_supply.ts";
import { ExchangeClient } from "../exchange/client.ts";
import type { Exchange } from "../market/exchange_port.ts";
import type { LiveAccount } from "../market/live/live_account.ts";
import { isLoopback } from "../network/address.ts";
import type { ExchangeName } from "../trading/orders/order_summary.ts";
import type { TradingAccount } from "../trading/orders/trading_account.ts";
import type { World } from "../world.ts";

/** An account that this process trades on, and its exchange. */
export interface ExchangeAccount {
  readonly account: TradingAccount;
  readonly exchange: Exchange;
  /** The exchange's name, for the person who confirms orders. */
  readonly name: ExchangeName;
  readonly venue: ExchangeVenue;
  /**
   * Messages of the exchange about the account.
   *
   * @default none
   */
  readonly news?: LiveAccount | undefined;
}

/** Distinguishes an exchange from one that was there before it. */
export interface ExchangeVenue {
  /**
   * The id of the simulated exchange at this moment; `""` for a lasting exchange.
   *
   * @throws {ExchangeError} when it is on this machine and has not answered yet
   */
  id(): Promise<string>;
  /** Whether it runs in this process and ends with it. */
  readonly isOwn: boolean;
}

/** How an account is reached. */
export interface AccountAccess {
  readonly account: TradingAccount;
  /** The address of its exchange. */
  readonly url: URL;
  /** Without a key only public calls are possible. */
  readonly key?: { readonly id: string; readonly secret: string } | undefined;
  /** Calls per minute. */
  readonly limitPerMinute: number;
  /**
   * The source of calls that several servers share.
   *
   * @default this process alone
   */
  readonly supply?: CallSupply | undefined;
  /**
   * The configured kind of exchange.
   *
   * @default "live"
   */
  readonly kind?: ExchangeName["kind"];
  /**
   * Whether the exchange runs in this process.
   *
   * @default false
   */
  readonly isOwn?: boolean;
}

/** An account with its client, which is closed by {@linkcode ExchangeClient.close}. */
export interface OpenExchangeAccount extends ExchangeAccount {
  readonly exchange: ExchangeClient;
}

/** Creates the client of an account, without calling the exchange. */
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
      // A simulated exchange on this machine identifies itself; a remote host's claim is not believed.
      get kind() {
        const isSimulator = isLoopback(url.hostname) && exchange.simulationId !== null;
        return kind === "live" && isSimulator ? "simulated" : kind;
      },
    },
  };
}

async function venueIdOf(client: ExchangeClient, url: URL): Promise<string> {
  if (!isLoopback(url.hostname)) return "";
  // Its first answer tells which exchange it is.
  if (client.simulationId === null && client.status().lastLatencyMs === null) await client.call("getTickers", {});
  return client.simulationId === null ? "" : `simulated-${client.simulationId}`;
}
