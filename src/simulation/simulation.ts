/** Assembles one simulated exchange: markets, accounts, engine, funding, and the history. */

import { Accounts } from "./engine/accounts.ts";
import { Exchange } from "./exchange.ts";
import { Funding } from "./funding/funding.ts";
import { HISTORY_MS } from "./history/funding_history.ts";
import { seedHistory } from "./history/history.ts";
import { createIdentifiers, type Identifiers } from "./engine/identifiers.ts";
import type { PriceModel, Tape } from "./model/market_data.ts";
import type { Settings } from "./options.ts";
import { createPriceModel } from "./model/prices.ts";
import { startOfDay } from "./days.ts";
import { createTape } from "./model/tape.ts";

/** One simulated exchange without HTTP. */
export interface Simulation {
  readonly settings: Settings;
  readonly identifiers: Identifiers;
  readonly accounts: Accounts;
  readonly exchange: Exchange;
  readonly funding: Funding;
  readonly model: PriceModel;
  readonly tape: Tape;
}

/**
 * Creates a simulated exchange whose present begins on the UTC day of `startMs`. The account's history ends at the
 * midnight before, and what was open then is processed by the first request: exchanges of one seed that start on the
 * same day answer the same requests alike, whatever their start time.
 */
export function createSimulation(
  settings: Settings,
  startMs: number,
  model: PriceModel = createPriceModel({ seed: settings.seed }),
): Simulation {
  const pastEndMs = startOfDay(startMs);
  const identifiers = createIdentifiers(settings.seed);
  const tape = createTape({ model, startMs });
  const accounts = new Accounts();
  const exchange = new Exchange({
    accounts,
    model,
    tape,
    identifiers,
    settings,
    startMs: pastEndMs - HISTORY_MS,
  });
  const funding = new Funding({ accounts, identifiers });
  // Before any read of the tape, because reads are final.
  seedHistory({ accounts, exchange, funding, identifiers, settings, startMs: pastEndMs });
  return { settings, identifiers, accounts, exchange, funding, model, tape };
}
