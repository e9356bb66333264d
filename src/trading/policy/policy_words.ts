/** Explains a policy in sentences, for the person who is responsible for it. */

import { listWords } from "../../text/list_words.ts";
import type { ConfirmWay, Policy } from "./policy.ts";

const MODES: Readonly<Record<Policy["mode"], string>> = {
  observe: "may look at the market and at its account, and place no orders",
  paper: "may trade on paper: its orders never reach the exchange",
  confirm: "may place orders that a person approves",
  auto: "may place orders without approval",
};

/** Cancelling is always allowed to clients with the scope. */
const CANCELS = "It may always cancel orders of the account, its own and others'";

/** Where a person confirms. */
const WAYS: Readonly<Record<ConfirmWay, string>> = {
  dialog: "in the client's dialog",
  page: "on the server's page",
  terminal: "with approve in a terminal",
};

const TYPES = { limit: "limit", market: "market", stop_limit: "stop-limit" } as const;

/** The permissions of an identity, one sentence per rule; missing limits are mentioned too. */
export function explainPolicy(identity: string, policy: Policy): string[] {
  const first = `${identity} ${MODES[policy.mode]}`;
  return [first, ...confirmSentences(policy), ...(policy.mode === "observe" ? [] : sentencesOf(policy)), CANCELS];
}

/** The accepted ways of confirming, how dialogs are allowed, and how much protection they give. */
function confirmSentences({ confirmBy }: Policy): string[] {
  if (confirmBy === undefined) return [];
  if (confirmBy.length === 0) {
    return ["Nobody can approve its orders, as confirm_by and --confirm-by have nothing in common: change one of them"];
  }
  return [
    `A person approves ${listWords(confirmBy.map((way) => WAYS[way]))}`,
    confirmBy.includes("dialog")
      ? "A dialog is answered by the client: whoever holds the client's credential can answer it without a person"
      : "Its client's own dialogs do not count, as whoever holds the client's credential can answer them without a " +
        `person; "dialog" in confirm_by, or --confirm-by, would allow them`,
  ];
}

function sentencesOf({ pairs, sides, orderTypes, ...limits }: Policy): string[] {
  const { maxPerOrder, maxPerDay, maxOpenOrders, maxOrdersPerMinute, priceBandPercent, allowWarnings, coolOff } =
    limits;
  const side = sides?.length === 1 ? `It may only ${sides[0] === "BUY" ? "buy" : "sell"}` : "It may buy and sell";
  const types = orderTypes === undefined
    ? "orders of every kind"
    : `${listWords(orderTypes.map((type) => TYPES[type]), "and")} orders`;
  return [
    `${side}, in ${pairs === undefined ? "every pair" : listWords(pairs, "and")}, with ${types}`,
    maxPerOrder === undefined
      ? "The value of one order is not limited"
      : `The value of one order may be at most ${maxPerOrder.amount} ${maxPerOrder.currency}`,
    maxPerDay === undefined
      ? "The value of all orders of a day is not limited"
      : `The value of all orders of a day (UTC) may be at most ${maxPerDay.amount} ${maxPerDay.currency}`,
    maxOpenOrders === undefined
      ? "The number of open orders is not limited"
      : `It may have at most ${count(maxOpenOrders, "order")} open at a time`,
    maxOrdersPerMinute === undefined
      ? "The number of orders per minute is not limited"
      : `It may place at most ${count(maxOrdersPerMinute, "order")} per minute`,
    priceBandPercent === undefined
      ? "The distance of its prices from the market is not limited"
      : `Its prices may be at most ${priceBandPercent} % away from the mid price`,
    allowWarnings === undefined
      ? "It may place no order while the market looks wrong: a stale, crossed or thin book, say, or a fee that cannot be"
      : `It may place orders despite the ${allowWarnings.length === 1 ? "warning" : "warnings"} ${
        listWords(allowWarnings, "and")
      }`,
    coolOff === undefined
      ? "Refused orders do not pause it"
      : `After ${count(coolOff.rejects, "refused order")} within ${count(coolOff.withinSeconds, "second")} ` +
        `it must pause for ${count(coolOff.pauseSeconds, "second")}`,
  ];
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
