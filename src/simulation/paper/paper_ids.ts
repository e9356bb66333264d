/** Ids in the exchange's form; those of orders begin with `BXPAPER`, so that none is taken for a real one. */

const ORDER_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const DIGITS = "0123456789";
const HEX = "0123456789abcdef";

/** Generates random ids of 70 (orders) or 59 bits (accounts). */
export class PaperIds {
  readonly #random: () => number;

  /** `random` is from 0 up to, but not including, 1. */
  constructor({ random = Math.random }: { readonly random?: () => number } = {}) {
    this.#random = random;
  }

  /** `BXPAPER` and fourteen characters. */
  order(): string {
    return `BXPAPER${this.#text(ORDER_ALPHABET, 14)}`;
  }

  /** A 64-bit integer above 2^53, in decimal. */
  account(): string {
    return `4${this.#text(DIGITS, 18)}`;
  }

  /** Eight hexadecimal digits, shared by the rows of one event. */
  reference(): string {
    return this.#text(HEX, 8);
  }

  /** `paper-` and sixteen hexadecimal digits. */
  epoch(): string {
    return `paper-${this.#text(HEX, 16)}`;
  }

  #text(alphabet: string, length: number): string {
    return Array.from({ length }, () => alphabet[Math.floor(this.#random() * alphabet.length)]).join("");
  }
}
