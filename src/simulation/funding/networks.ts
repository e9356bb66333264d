/** The networks on which each asset can be received and sent, and the cost of sending. */

/** One network; the first of an asset is its default. */
export interface Network {
  readonly id: number;
  readonly name: string;
  readonly nativeCurrency: string;
}

const ETHEREUM: Network = { id: 0, name: "Ethereum", nativeCurrency: "ETH" };
const POLYGON: Network = { id: 1, name: "Polygon", nativeCurrency: "MATIC" };

const NETWORKS_BY_ASSET: ReadonlyMap<string, readonly Network[]> = new Map([
  ["XBT", [{ id: 2, name: "Bitcoin", nativeCurrency: "XBT" }]],
  ["ETH", [ETHEREUM]],
  ["LINK", [ETHEREUM]],
  ["USDT", [ETHEREUM]],
  ["USDC", [ETHEREUM, POLYGON]],
  ["XRP", [{ id: 3, name: "XRP Ledger", nativeCurrency: "XRP" }]],
  ["SOL", [{ id: 4, name: "Solana", nativeCurrency: "SOL" }]],
  ["LTC", [{ id: 5, name: "Litecoin", nativeCurrency: "LTC" }]],
  ["BCH", [{ id: 6, name: "Bitcoin Cash", nativeCurrency: "BCH" }]],
]);

const SEND_FEES: ReadonlyMap<string, string> = new Map([
  ["XBT", "0.0001"],
  ["ETH", "0.0005"],
  ["LINK", "0.2"],
  ["USDT", "2.5"],
  ["USDC", "2.5"],
  ["XRP", "0.1"],
  ["SOL", "0.01"],
  ["LTC", "0.001"],
  ["BCH", "0.001"],
]);

/** Every network, by id. */
export const NETWORKS: readonly Network[] = [...new Set([...NETWORKS_BY_ASSET.values()].flat())]
  .sort((a, b) => a.id - b.id);

/** The networks of an asset; none for fiat currencies and unknown assets. */
export function networksOf(currency: string): readonly Network[] {
  return NETWORKS_BY_ASSET.get(currency) ?? [];
}

/** The fee of one send as a decimal string; `undefined` for an asset that cannot be sent. */
export function sendFeeOf(currency: string): string | undefined {
  return SEND_FEES.get(currency);
}
