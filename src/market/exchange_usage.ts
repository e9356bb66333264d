/** Requests made to the exchange, and requests avoided, for clients and operators. */

import { z } from "zod";
import type { CallCount } from "../exchange/call_counts.ts";
import type { SharingStatus } from "../exchange/stream/market_feed.ts";
import type { LiveAccountStatus } from "./live/live_account.ts";
import type { LiveMarketStatus } from "./live/live_markets.ts";
import type { Saving } from "./saved_calls.ts";

/** Since the exchange was opened. */
export interface ExchangeUsage {
  /** Requests by group and outcome. */
  readonly calls: readonly CallCount[];
  /** Reads that needed no request. */
  readonly saved: Readonly<Record<Saving, number>>;
  /** The present market streams. */
  readonly streams: readonly LiveMarketStatus[];
  /** The present user streams, at most one per account. */
  readonly userStreams: readonly AccountStreamStatus[];
}

/** The state of an account's user stream. */
export interface AccountStreamStatus extends LiveAccountStatus {
  /** The account's id. */
  readonly account: string;
}

/** See {@linkcode ExchangeUsage}. */
export const UsageRecord = z.object({
  calls_sent: z.int(),
  calls_saved: z.object({ coalesced: z.int(), cache: z.int(), stream: z.int() }),
  streams: z.array(z.object({
    pair: z.string(),
    live: z.boolean(),
    /** Time since the exchange last confirmed that the book is current; `null` before that. */
    age_ms: z.int().nullable(),
    /** The number of times that updates were lost or inconsistent. */
    gaps: z.int(),
    reconnects: z.int(),
    /** Present when servers share the streams of the exchange. */
    sharing: z.object({
      /** Who reads the exchange's stream: this server for all, another one, or this one for itself. */
      role: z.enum(["leader", "follower", "alone"]),
      /** How often this server took over the leadership from another. */
      takeovers: z.int(),
      /** Time from the leader to this server of the latest update; `null` before the first. */
      lag_ms: z.int().nullable(),
    }).optional(),
  })),
  user_streams: z.array(z.object({
    /** The exchange account. */
    account: z.string(),
    live: z.boolean(),
    /** Time since the last sign of life from the exchange; `null` before the first. */
    age_ms: z.int().nullable(),
    /** The number of gaps longer than the exchange keeps messages. */
    gaps: z.int(),
    reconnects: z.int(),
    events: z.int(),
    /** Why it is not live, as a code; `null` while it is, and before it was first lost. */
    problem: z.string().nullable(),
  })).default([]),
});

/** See {@linkcode UsageRecord}. */
export type UsageRecord = z.infer<typeof UsageRecord>;

/** Usage as a JSON object. */
export function usageRecord({ calls, saved, streams, userStreams }: ExchangeUsage): UsageRecord {
  return {
    calls_sent: calls.reduce((sum, { outcome, count }) => outcome === "not_sent" ? sum : sum + count, 0),
    calls_saved: saved,
    streams: streams.map((stream) => ({
      pair: stream.pair,
      live: stream.isLive,
      age_ms: wholeAge(stream),
      gaps: stream.gaps,
      reconnects: reconnectsOf(stream),
      ...(stream.sharing === undefined ? {} : { sharing: sharingRecord(stream.sharing) }),
    })),
    user_streams: userStreams.map((stream) => ({
      account: stream.account,
      live: stream.isLive,
      age_ms: wholeAge(stream),
      gaps: stream.gaps,
      reconnects: reconnectsOf(stream),
      events: stream.events,
      problem: stream.problem?.code ?? null,
    })),
  };
}

function sharingRecord({ role, takeovers, lagMs }: SharingStatus) {
  return { role, takeovers, lag_ms: lagMs === undefined ? null : Math.round(lagMs) };
}

function wholeAge({ ageMs }: { readonly ageMs: number }): number | null {
  return Number.isFinite(ageMs) ? Math.round(ageMs) : null;
}

/** Connections of a stream beyond the first. */
export function reconnectsOf({ connections }: Pick<LiveMarketStatus, "connections">): number {
  return Math.max(0, connections - 1);
}
