/** A process that places orders on paper until it is killed, and says the id of each that was answered. */

import { openSqlitePaper } from "./paper_engines.ts";
import { PaperTrader } from "./paper_orders.ts";
import { openPaperAt } from "./postgres_paper.ts";
import { say } from "./state_process.ts";

const [path = "", engine = "paper"] = Deno.args;
const ledger = engine === "postgres" ? await openPaperAt(path) : await openSqlitePaper(path, engine);
const trader = await PaperTrader.open(ledger);
while (true) await say((await trader.place({ limitPrice: 1, limitVolume: 1 })).id);
