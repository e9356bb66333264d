/** Faults of the streams: errors in one message, or in all messages from one on. */

import { z } from "zod";

const MAX_MS = 600_000;

/** Options that limit any rule. */
export const anyTarget = {
  /**
   * Only requests and streams of this path; `*` matches anything.
   *
   * @default every path
   */
  path: z.string().regex(/^[/*][\w/*{}.-]*$/, "expected a path such as /api/1/ticker or /api/1/*").max(200).optional(),
  /**
   * How many requests or messages it affects.
   *
   * @default unlimited
   */
  times: z.int().min(1).optional(),
  /**
   * Probability per request or message, from 0 to 1.
   *
   * @default 1
   */
  probability: z.number().min(0).max(1).optional(),
};

/** The messages of a stream that a rule affects. A user stream has no snapshot. */
const FrameKind = z.enum(["snapshot", "update", "keep_alive"]);

/** The kind of message. */
export type FrameKind = z.output<typeof FrameKind>;

const target = { ...anyTarget, on: FrameKind.default("update") };

/** Faults of streams; each member documents its kind. */
export const frameFaults = [
  /** The message is not sent; a market stream then lacks its sequence. */
  z.strictObject({ kind: z.literal("stream_gap"), ...target }),
  /** The message is sent twice: its sequence repeats. */
  z.strictObject({ kind: z.literal("stream_repeat"), ...target }),
  /** Half of the message is sent, which is invalid JSON. */
  z.strictObject({ kind: z.literal("stream_garbage"), ...target }),
  /** An error instead of the message, then the end. */
  z.strictObject({
    kind: z.literal("stream_error"),
    ...target,
    code: z.string().max(100),
    text: z.string().max(300).default(""),
  }),
  /** The end instead of the message: with a close code, or by a reset of the connection (1006 for the client). */
  z.strictObject({
    kind: z.literal("stream_close"),
    ...target,
    code: z.union([z.literal(1000), z.int().min(3000).max(4999), z.literal("reset")]).default("reset"),
  }),
  /** This message and all that follow within `ms` are not sent, including keep-alives; the connection stays open. */
  z.strictObject({ kind: z.literal("stream_silence"), ...target, ms: z.int().min(1).max(MAX_MS).default(MAX_MS) }),
  /** This message and all later ones are delayed by `ms`, in order. */
  z.strictObject({ kind: z.literal("stream_delay"), ...target, ms: z.int().min(1).max(MAX_MS) }),
  /** The market publishes this many additional updates at once, every `everyMs`, without changing its book. */
  z.strictObject({
    kind: z.literal("stream_burst"),
    ...anyTarget,
    on: z.literal("feed").default("feed"),
    updates: z.int().min(2).max(100_000),
    everyMs: z.int().min(10).max(1_000).default(1_000),
  }),
] as const;

/** A fault of streams, with its defaults. */
export type FrameFault = z.output<typeof frameFaults[number]>;

/** Distinguishes faults of streams from those of requests. */
export function isFrameFault<Fault extends { readonly kind: string }>(fault: Fault | FrameFault): fault is FrameFault {
  return fault.kind.startsWith("stream_");
}
