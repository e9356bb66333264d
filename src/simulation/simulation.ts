/** Puts the parts of one simulated exchange together: markets, accounts, engine, funding, and the past. */

import { Accounts } from "./accounts.ts";
import { Exchange } from "./exchange.ts";
import { Funding } from "./funding.ts";
import { HISTORY_MS } from "./funding_history.ts";
import { seedHistory } from "./history.ts";
import { createIdentifiers, type Identifiers } from "./identifiers.ts";
import type { PriceModel, Tape } from "./market_data.ts";
import { type Settings, type SimulationOptions, withDefaults } from "./options.ts";
import { createPriceModel } from "./prices.ts";
import { createTape } from "./tape.ts";

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
export function createSimulation(options: SimulationOptions, startMs: number): Simulation {
  const settings = withDefaults(options);
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
