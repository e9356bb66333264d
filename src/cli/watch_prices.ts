/**
 * Watches the prices of some pairs: a table that is redrawn on a terminal, one line per pair elsewhere. If the server
 * reports changes, prices are requested only when something has changed.
 */

import type { CommandConfig } from "../config/command_settings.ts";
import { z } from "zod";
import { Backoff } from "../client/reconnect_backoff.ts";
import { ConnectionError } from "../client/connection_error.ts";
import { callRemoteTool } from "../client/remote_tool.ts";
import type { RemoteOutcome } from "../client/remote_tool.ts";
import { ResourceChanges } from "../client/resource_changes.ts";
import type { ResumingOptions } from "../client/resuming_transport.ts";
import { openSession } from "../client/session.ts";
import type { Session } from "../client/session.ts";
import type { Endpoint } from "../client/socket.ts";
import { Deadline } from "../timing/deadline.ts";
import { sleep } from "../timing/sleep.ts";
import { LiveText, printable } from "./terminal/live_text.ts";
import { screenOf } from "./terminal/screen.ts";
import { formatTable } from "./terminal/table.ts";
import { truncate } from "./terminal/width.ts";
import { fail, say } from "./report.ts";
import { print } from "../world.ts";
import type { ExitCode, World } from "../world.ts";

/** What to watch, and where to show it. */
export interface WatchOptions {
  readonly config: CommandConfig<"client"> & { readonly pairs: readonly string[] };
  readonly world: World;
  readonly json: boolean;
}

const Tickers = z.object({
  tickers: z.array(z.object({
    pair: z.string(),
    bid: z.string().nullable(),
    ask: z.string().nullable(),
    last: z.string(),
    volume_24h: z.string(),
    status: z.string(),
  })),
});

const CALL_TIMEOUT_MS = 30_000;

/** A connection may be silently broken: after this time prices are requested even without a reported change. */
const LONGEST_SILENCE_MS = 60_000;

/** The longest duration of a timer, in milliseconds: some 25 days. */
const FOREVER_MS = 2_147_483_647;

/** Watches until time is up or a signal arrives. Exit code 1 when no prices could be shown, or none any more. */
export async function watchPrices(endpoint: Endpoint, options: WatchOptions): Promise<ExitCode> {
  const { config: { duration, interval }, world } = options;
  const durationMs = duration === undefined ? FOREVER_MS : duration * 1_000;
  using deadline = new Deadline(durationMs, [world.shutdown]);
  const backoff = new Backoff({ random: world.random ?? Math.random });
  const live = options.json || !world.stdout.isTerminal() ? undefined : new LiveText(world.stdout);
  const show = showerOf(options, live);
  const lost = ({ message }: ConnectionError) => {
    void live?.clear().then(() => say(world, printable(message), world.stderr));
    if (live === undefined) void say(world, printable(message), world.stderr);
  };
  const resuming = { backoff: new Backoff({ random: world.random ?? Math.random }), sleep, lost };
  const view = new PriceView(endpoint, { pairs: options.config.pairs, resuming }, deadline.signal);
  let hasShown = false;
  try {
    while (!deadline.signal.aborted) {
      const outcome = await view.look();
      if (deadline.signal.aborted) break;
      let pauseMs = interval * 1_000;
      if (outcome.kind === "answer") {
        backoff.reset();
        hasShown = true;
        const { tickers } = Tickers.parse(outcome.value);
        await show(tickers);
        await view.follow(tickers.map(({ pair }) => pair));
      } else {
        const { code, message } = outcome.kind === "disconnected" ? outcome.cause : outcome;
        await live?.clear();
        const isFinal = outcome.kind === "error"
          ? !hasShown
          : outcome.kind === "disconnected" && !outcome.cause.retryable;
        if (isFinal) return await fail(world, printable(message), code);
        await say(world, printable(message), world.stderr);
        if (outcome.kind === "refusal") pauseMs = Math.max(pauseMs, outcome.retryAfterMs);
        if (outcome.kind === "disconnected") pauseMs = backoff.next(outcome.cause.retryAfterMs);
      }
      await sleep(pauseMs, deadline.signal).catch(() => {});
      await view.change();
    }
  } finally {
    await live?.clear();
    await view.close();
  }
  return hasShown ? 0 : 1;
}

/** Requests prices in a session that reconnects; in a new session if none was open yet. */
class PriceView {
  readonly #endpoint: Endpoint;
  readonly #pairs: readonly string[];
  readonly #resuming: ResumingOptions;
  readonly #signal: AbortSignal;
  #session: Session | undefined;
  /** Changes reported in this session; `null` when its server does not report them. */
  #changes: ResourceChanges | null | undefined;

  constructor(
    endpoint: Endpoint,
    { pairs, resuming }: { readonly pairs: readonly string[]; readonly resuming: ResumingOptions },
    signal: AbortSignal,
  ) {
    this.#endpoint = endpoint;
    this.#pairs = pairs;
    this.#resuming = resuming;
    this.#signal = signal;
  }

  async look(): Promise<RemoteOutcome> {
    const signal = this.#signal;
    try {
      this.#session ??= await openSession(this.#endpoint, { signal, resuming: this.#resuming });
      const request = { name: "get_all_tickers", args: { pairs: this.#pairs, limit: this.#pairs.length } };
      const outcome = await callRemoteTool(this.#session, request, { timeoutMs: CALL_TIMEOUT_MS, signal });
      if (outcome.kind === "disconnected") this.#session = this.#changes = undefined;
      return outcome;
    } catch (error) {
      if (error instanceof ConnectionError) return { kind: "disconnected", cause: error };
      if (!signal.aborted) throw error;
      return { kind: "disconnected", cause: new ConnectionError("ERR_ENDED", "Watching has ended", { cause: error }) };
    }
  }

  /** Subscribes to the prices of pairs, once per session, if the server offers that. */
  async follow(pairs: readonly string[]): Promise<void> {
    if (this.#session === undefined || this.#changes !== undefined) return;
    const uris = pairs.map((pair) => `luno://market/${pair}/ticker`);
    this.#changes = await ResourceChanges.follow(this.#session, uris, this.#signal) ?? null;
  }

  /** Waits until a price has changed, for a minute at most; returns at once when changes are not reported. */
  async change(): Promise<void> {
    if (this.#changes?.isOver) this.#changes = undefined;
    using patience = new Deadline(LONGEST_SILENCE_MS, [this.#signal]);
    await this.#changes?.next(patience.signal);
  }

  async close(): Promise<void> {
    await this.#session?.transport.close();
  }
}

type Rows = z.output<typeof Tickers>["tickers"];

function showerOf({ world, json }: WatchOptions, live: LiveText | undefined): (rows: Rows) => Promise<void> {
  const { stdout } = world;
  const time = () => new Date(world.now()).toISOString().slice(0, 19) + "Z";
  if (json) return (rows) => print(stdout, JSON.stringify({ time: time(), tickers: rows }));
  if (live === undefined) {
    return (rows) => print(stdout, printable(rows.map((row) => `${time()} ${lineOf(row)}`).join("\n")));
  }
  return (rows) => {
    const screen = screenOf(world);
    const lines = formatTable(rows, screen).split("\n");
    // A block higher than the terminal could not be redrawn.
    const room = screen.rows - 3;
    const left = lines.length - room;
    const shown = left > 0 ? [...lines.slice(0, room), `and ${left} more; --pairs chooses`] : lines;
    return live.draw([...shown, truncate(`${time()}, Ctrl-C ends`, screen.columns)].join("\n"));
  };
}

function lineOf({ pair, bid, ask, last, volume_24h }: Rows[number]): string {
  return `${pair} bid ${bid ?? "-"} ask ${ask ?? "-"} last ${last} volume ${volume_24h}`;
}
