/** The live market: updates applied against the bare reading of the same frames, what a large book costs, and many clients. */

import { readMarketFrame } from "../src/exchange/stream/market_frames.ts";
import { buildBook, buildBookAtOnce, type OrderBook } from "../src/exchange/stream/order_book.ts";
import { benchFaults } from "./faults/faults.ts";
import { benchReaders, benchSubscribers } from "./market_clients.ts";
import { median, report } from "./report.ts";

const ORDERS = 10_000;
const UPDATES = 100_000;
const ROUNDS = 7;
/** Rounds in which the code is compiled. */
const WARM_UP_ROUNDS = 3;
const TIMESTAMP = 1_790_127_203_186;

const PARTS = ["updates", "snapshot", "memory", "readers", "subscribers"];
const FAULTS = /^faults(?::(\d{1,4}))?$/;
const FAULT_MINUTES = 20;

/**
 * Runs all parts, or the chosen ones of {@linkcode PARTS}; in addition `faults` for 20 minutes, or `faults:5` for 5.
 */
export async function benchMarket(chosen: readonly string[] = PARTS): Promise<void> {
  if (chosen.includes("updates")) benchUpdates();
  if (chosen.includes("snapshot")) benchSnapshot();
  if (chosen.includes("memory")) await benchMemory();
  if (chosen.includes("readers")) await benchReaders();
  if (chosen.includes("subscribers")) await benchSubscribers();
  for (const part of chosen) {
    const [isFaults, minutes = FAULT_MINUTES] = FAULTS.exec(part) ?? [];
    if (isFaults !== undefined) await benchFaults(Number(minutes));
  }
}

/** Reads and applies frames, in turn with rounds that only parse them. */
function benchUpdates(): void {
  const random = randomFrom(1);
  const frames = updatesOf(random);
  const rounds = Array.from({ length: WARM_UP_ROUNDS + ROUNDS }, () => {
    const book = bookOf(snapshotOf(ORDERS));
    const parsing = timed(() => {
      for (const frame of frames) JSON.parse(frame);
    });
    const applying = timed(() => {
      for (const frame of frames) apply(book, frame);
    });
    return { parsing, applying, ratio: parsing / applying };
  }).slice(WARM_UP_ROUNDS);
  report({
    figure: "updates applied against JSON.parse of the same frames",
    orders: ORDERS,
    applied_per_second: UPDATES / median(rounds.map(({ applying }) => applying)) * 1_000,
    parsed_per_second: UPDATES / median(rounds.map(({ parsing }) => parsing)) * 1_000,
    ratio: median(rounds.map(({ ratio }) => ratio)),
  });
}

/** Builds the book of a snapshot of 1.2 MB in slices; the longest slice is the delay for other work. */
function benchSnapshot(): void {
  const text = snapshotOf(18_600);
  const rounds = Array.from({ length: ROUNDS }, () => {
    const parsing = timed(() => JSON.parse(text));
    const pieces: number[] = [];
    const snapshot = readMarketFrame(text);
    if (snapshot.kind !== "snapshot") throw new TypeError("Cannot measure what is not a snapshot");
    const building = buildBook(snapshot);
    for (let done = false; !done;) {
      pieces.push(timed(() => {
        done = building.next().done ?? false;
      }));
    }
    return { parsing, longest: Math.max(...pieces), building: pieces.reduce((sum, piece) => sum + piece, 0) };
  });
  report({
    figure: "snapshot of 18,600 orders",
    bytes: text.length,
    parse_ms: median(rounds.map(({ parsing }) => parsing)),
    build_ms: median(rounds.map(({ building }) => building)),
    longest_slice_ms: median(rounds.map(({ longest }) => longest)),
  });
}

/** Measures the heap that books take; needs `--v8-flags=--expose-gc` to be exact. */
async function benchMemory(): Promise<void> {
  const text = snapshotOf(ORDERS);
  const before = await heapUsed();
  const books = Array.from({ length: 10 }, () => bookOf(text));
  const after = await heapUsed();
  report({ figure: "memory of a book", orders: books[0]?.size ?? 0, bytes: (after - before) / books.length });
}

async function heapUsed(): Promise<number> {
  const collect: unknown = Reflect.get(globalThis, "gc");
  for (let turn = 0; turn < 3; turn++) {
    if (typeof collect === "function") collect();
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return Deno.memoryUsage().heapUsed;
}

function apply(book: OrderBook, frame: string): void {
  const update = readMarketFrame(frame);
  if (update.kind !== "update" || !book.apply(update).ok) throw new TypeError(`Cannot apply ${frame}`);
}

function bookOf(text: string): OrderBook {
  const snapshot = readMarketFrame(text);
  const built = snapshot.kind === "snapshot" ? buildBookAtOnce(snapshot) : undefined;
  if (built?.ok !== true) throw new TypeError("Cannot build the book");
  return built.book;
}

function snapshotOf(orders: number): string {
  const side = (name: string, first: number, step: number) =>
    Array.from({ length: orders / 2 }, (_, index) => ({
      id: `BX${name}${String(index).padStart(12, "0")}`,
      price: `${first + step * Math.floor(index / 3)}.00`,
      volume: `0.${1 + index % 999_999}`,
    }));
  return JSON.stringify({
    sequence: "1000",
    asks: side("A", 1_500_000, 1),
    bids: side("B", 1_499_000, -1),
    status: "ACTIVE",
    timestamp: TIMESTAMP,
  });
}

/** Orders as on a busy market: half of them are new, near the best price; half are cancelled; few trade. */
function updatesOf(random: () => number): string[] {
  const live: string[] = [];
  return Array.from({ length: UPDATES }, (_, index) => {
    const sequence = String(1_001 + index);
    const [id] = live.length > 200 && random() < 0.5 ? live.splice(Math.floor(random() * live.length), 1) : [];
    if (id !== undefined) return updateOf(sequence, { delete_update: { order_id: id } });
    const created = `BXN${String(index).padStart(12, "0")}`;
    live.push(created);
    const isBid = random() < 0.5;
    const away = Math.floor(random() ** 3 * 400);
    return updateOf(sequence, {
      create_update: {
        order_id: created,
        type: isBid ? "BID" : "ASK",
        price: `${isBid ? 1_499_050 - away : 1_499_950 + away}.00`,
        volume: `0.${1 + Math.floor(random() * 999_999)}`,
      },
    });
  });
}

function updateOf(sequence: string, change: object): string {
  const empty = { trade_updates: [], create_update: null, delete_update: null, status_update: null };
  return JSON.stringify({ sequence, ...empty, ...change, timestamp: TIMESTAMP });
}

/** Returns the same numbers in each run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

function timed(work: () => void): number {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}
