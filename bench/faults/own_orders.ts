/** Places and cancels orders, so that the user stream has something to report. */

import type { BenchSimulator } from "../simulator.ts";

const PAIR = "ETHZAR";
const EVERY_MS = 5_000;

/** Places and cancels an order, and buys a little, every few seconds. */
export async function keepTrading({ url, env }: BenchSimulator, signal: AbortSignal): Promise<void> {
  const authorization = `Basic ${btoa(`${env.LUNO_API_KEY}:${env.LUNO_API_SECRET}`)}`;
  const post = async (path: string, form: Record<string, string>) => {
    const response = await fetch(`${url}/api/1/${path}`, {
      method: "POST",
      headers: { authorization },
      body: new URLSearchParams(form),
    });
    return await response.json();
  };
  while (!signal.aborted) {
    try {
      const resting = { pair: PAIR, type: "BID", price: "20000", volume: "0.01" };
      const { order_id = "" } = await post("postorder", resting);
      await post("marketorder", { pair: PAIR, type: "BUY", counter_volume: "50" });
      await post("stoporder", { order_id });
    } catch {
      // The exchange is away now and then.
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}
