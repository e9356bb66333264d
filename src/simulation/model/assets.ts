/** The value of one unit of a currency, and its volatility. */
export interface Asset {
  /** Luno's code: XBT, not BTC. */
  readonly code: string;
  /** US dollars per unit in September 2026, as a decimal string. */
  readonly usd: string;
  /** Standard deviation of the asset's own daily change, as a fraction: 0.02 is 2 %. */
  readonly volatility: number;
  /** An asset listed earlier whose changes it shares, and how strongly. */
  readonly follows?: { readonly code: string; readonly strength: number };
}

/**
 * Every asset of the simulated markets, leaders before their followers. All prices are derived from these, so markets
 * cannot contradict each other.
 */
export const ASSETS: readonly Asset[] = [
  { code: "XBT", usd: "86620", volatility: 0.023 },
  { code: "ETH", usd: "2766.5", volatility: 0.017, follows: { code: "XBT", strength: 1.1 } },
  { code: "SOL", usd: "119", volatility: 0.023, follows: { code: "XBT", strength: 1.2 } },
  { code: "XRP", usd: "1.589", volatility: 0.022, follows: { code: "XBT", strength: 1 } },
  { code: "LTC", usd: "92.4", volatility: 0.018, follows: { code: "XBT", strength: 0.9 } },
  { code: "BCH", usd: "341.5", volatility: 0.02, follows: { code: "XBT", strength: 0.9 } },
  { code: "LINK", usd: "13.034", volatility: 0.024, follows: { code: "XBT", strength: 1.1 } },
  { code: "DOGE", usd: "0.1025", volatility: 0.026, follows: { code: "XBT", strength: 1.2 } },
  { code: "INJ", usd: "5.12", volatility: 0.03, follows: { code: "XBT", strength: 1.2 } },
  { code: "USDT", usd: "1", volatility: 0.0003 },
  { code: "USDC", usd: "0.9998", volatility: 0.0003 },
  { code: "ZAR", usd: "0.06165", volatility: 0.006 },
  { code: "ZARU", usd: "0.06165", volatility: 0.0005, follows: { code: "ZAR", strength: 1 } },
  { code: "MYR", usd: "0.2468", volatility: 0.003 },
  { code: "NGN", usd: "0.000688", volatility: 0.005 },
  { code: "EUR", usd: "1.168", volatility: 0.004 },
  { code: "AUD", usd: "0.661", volatility: 0.005 },
];
