/** A halt of trading, as shown to traders. */

/** Whether trading is halted, and why. */
export type Halt = { readonly halted: false } | { readonly halted: true; readonly reason: string };

/** Why nothing is placed while trading is halted. */
export function haltSentence(action: "trade" | "place the order", { reason }: Extract<Halt, { halted: true }>): string {
  return `Cannot ${action} as trading is halted (${reason}): a person must resume trading first, with ` +
    "luno-mcp-server kill --lift";
}
