/** Puts the parts of one simulated exchange together: markets, accounts, engine, funding, and the past. */

import { Accounts } from "./trading/accounts.ts";
import { Exchange } from "./trading/exchange.ts";
import { Funding } from "./funding/funding.ts";
import { HISTORY_MS } from "./history/funding_history.ts";
import { seedHistory } from "./history/history.ts";
import { createIdentifiers, type Identifiers } from "./trading/identifiers.ts";
import type { PriceModel, Tape } from "./market/market_data.ts";
import type { Settings } from "./options.ts";
import { createPriceModel } from "./market/prices.ts";
import { createTape } from "./market/tape.ts";

/** One simulated exchange without its HTTP. */
export interface Simulation {
  readonly settings: Settings;
  readonly identifiers: Identifiers;
  readonly accounts: Accounts;
  readonly exchange: Exchange;
  readonly funding: Funding;
  readonly model: PriceModel;
  readonly tape: Tape;
}

/** Creates a simulated exchange whose present begins at `startMs`. */
export function createSimulation(settings: Settings, startMs: number): Simulation {
  const identifiers = createIdentifiers(settings.seed);
  const model = createPriceModel({ seed: settings.seed });
  const tape = createTape({ model, startMs });
  const accounts = new Accounts();
  const exchange = new Exchange({
    accounts,
    model,
    tape,
    identifiers,
    settings,
    startMs: startMs - HISTORY_MS,
  });
  const funding = new Funding({ accounts, identifiers });
  // Before anything reads the tape: what a read has shown stays as it is.
  seedHistory({ accounts, exchange, funding, identifiers, settings, startMs });
  return { settings, identifiers, accounts, exchange, funding, model, tape };
}
