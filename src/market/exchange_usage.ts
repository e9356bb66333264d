/** What the exchange was asked and what it was spared, as clients and operators see it. */

import { z } from "zod";
import type { CallCount } from "../exchange/call_counts.ts";
import type { SharingStatus } from "../exchange/stream/market_feed.ts";
import type { LiveAccountStatus } from "./live/live_account.ts";
import type { LiveMarketStatus } from "./live/live_markets.ts";
import type { Saving } from "./saved_calls.ts";

/** Since the exchange was opened. */
export interface ExchangeUsage {
  /** Requests, by what they were for and how they ended. */
  readonly calls: readonly CallCount[];
  /** Reads that were answered without a request. */
  readonly saved: Readonly<Record<Saving, number>>;
  /** The streams that there are now. */
  readonly streams: readonly LiveMarketStatus[];
  /** The streams of own orders and balances that there are now, one an account at most. */
  readonly userStreams: readonly AccountStreamStatus[];
}

/** How the user stream of one account is doing. */
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
    /** How long ago the exchange last showed that the book is the present one; `null` before that. */
    age_ms: z.int().nullable(),
    /** How often updates were lost or made no sense. */
    gaps: z.int(),
    reconnects: z.int(),
    /** Present where servers share the streams of the exchange. */
    sharing: z.object({
      /** Who reads the exchange's stream: this server for all, another one, or this one for itself. */
      role: z.enum(["leader", "follower", "alone"]),
      /** How often this server became the leader in the place of another one. */
      takeovers: z.int(),
      /** How long the newest update took from the leader to here; `null` before one came. */
      lag_ms: z.int().nullable(),
    }).optional(),
  })),
  user_streams: z.array(z.object({
    /** Which account of the exchange it tells of. */
    account: z.string(),
    live: z.boolean(),
    /** How long ago the exchange was last heard; `null` before that. */
    age_ms: z.int().nullable(),
    /** How often it was away for longer than the exchange keeps messages. */
    gaps: z.int(),
    reconnects: z.int(),
    events: z.int(),
    /** Why it is not live, as a code; `null` while it is, and before its first loss. */
    problem: z.string().nullable(),
  })).default([]),
});

/** See {@linkcode UsageRecord}. */
export type UsageRecord = z.infer<typeof UsageRecord>;

/** Usage for programs. */
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

/** Connections of a stream after its first one. */
export function reconnectsOf({ connections }: Pick<LiveMarketStatus, "connections">): number {
  return Math.max(0, connections - 1);
}
