/** Ids in the exchange's form, derived from the seed and a counter, so that runs are reproducible. */

import { hash32, seedFor } from "../random.ts";

const ORDER_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const MASK = (1n << 64n) - 1n;

/** Generates ids; each family has its own counter, and no id of a family repeats. */
export interface Identifiers {
  /** `BX` and thirteen characters. */
  order(): string;
  /** A 64-bit integer above 2^53, in decimal. */
  account(): string;
  /** Eight hexadecimal digits, shared by the rows of one event. */
  reference(): string;
  /** Sixteen hexadecimal digits. */
  trace(): string;
  /** Sixty-four hexadecimal digits, like the id of an on-chain transaction. */
  transaction(): string;
}

/** Creates the id families of one simulation. */
export function createIdentifiers(seed: number): Identifiers {
  const counters = { order: 0n, account: 0n, reference: 0, trace: 0, transaction: 0n };
  const base = mix64(BigInt(Math.trunc(seed)));
  const referenceSeed = seedFor(seed, "references");
  const traceSeed = seedFor(seed, "traces");
  return {
    order: () => `BX${base32(mix64(base ^ (++counters.order << 8n)))}`,
    // Bit 62 set keeps every id above 2^53, and bit 63 clear keeps it a signed 64-bit integer.
    account: () => String((mix64(base ^ (++counters.account << 8n) ^ 1n) & (MASK >> 2n)) | (1n << 62n)),
    reference: () => hex32(hash32(referenceSeed, ++counters.reference)),
    trace: () => {
      const count = ++counters.trace;
      return hex32(hash32(traceSeed, count)) + hex32(hash32(referenceSeed, count));
    },
    transaction: () => {
      const first = ++counters.transaction * 4n;
      return [0n, 1n, 2n, 3n].map((part) => hex64(mix64(base ^ ((first + part) << 8n) ^ 2n))).join("");
    },
  };
}

/** The finalizer of SplitMix64: a permutation of the 64-bit integers, so different inputs never collide. */
function mix64(value: bigint): bigint {
  let z = (value + 0x9e3779b97f4a7c15n) & MASK;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
  return z ^ (z >> 31n);
}

function hex32(value: number): string {
  return value.toString(16).padStart(8, "0");
}

function hex64(value: bigint): string {
  return value.toString(16).padStart(16, "0");
}

function base32(value: bigint): string {
  let text = "";
  for (let shift = 60n; shift >= 0n; shift -= 5n) text += ORDER_ALPHABET[Number((value >> shift) & 31n)];
  return text;
}
