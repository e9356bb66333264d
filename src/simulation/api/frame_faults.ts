/** Faults of the streams: what goes wrong with a message, or with all from one message on. */

import { z } from "zod";

const MAX_MS = 600_000;

/** What every rule may be narrowed by. */
export const anyTarget = {
  /** Only requests and streams of this path; `*` stands for anything. @default every path */
  path: z.string().regex(/^[/*][\w/*{}.-]*$/, "expected a path such as /api/1/ticker or /api/1/*").max(200).optional(),
  /** How many requests or messages it befalls before it ends. @default without end */
  times: z.int().min(1).optional(),
  /** Chance for each request or message, from 0 to 1. @default 1 */
  probability: z.number().min(0).max(1).optional(),
};

/** Which messages of a stream a rule befalls. A user stream has no snapshot. */
const FrameKind = z.enum(["snapshot", "update", "keep_alive"]);

/** What kind of message. */
export type FrameKind = z.output<typeof FrameKind>;

const target = { ...anyTarget, on: FrameKind.default("update") };

/** One fault of streams each; see the members for what each kind does. */
export const frameFaults = [
  /** The message is not sent; of a market stream its sequence is missing then. */
  z.strictObject({ kind: z.literal("stream_gap"), ...target }),
  /** The message is sent twice: its sequence goes back. */
  z.strictObject({ kind: z.literal("stream_repeat"), ...target }),
  /** Half of the message is sent, which is no JSON. */
  z.strictObject({ kind: z.literal("stream_garbage"), ...target }),
  /** An error in place of the message, then the end. */
  z.strictObject({
    kind: z.literal("stream_error"),
    ...target,
    code: z.string().max(100),
    text: z.string().max(300).default(""),
  }),
  /** The end in place of the message: with a close code, or by a reset of the connection (1006 for the client). */
  z.strictObject({
    kind: z.literal("stream_close"),
    ...target,
    code: z.union([z.literal(1000), z.int().min(3000).max(4999), z.literal("reset")]).default("reset"),
  }),
  /** This message and all that follow for `ms` are not sent, keep-alives among them; the connection stays open. */
  z.strictObject({ kind: z.literal("stream_silence"), ...target, ms: z.int().min(1).max(MAX_MS).default(MAX_MS) }),
  /** This message and all behind it come `ms` later, in order. */
  z.strictObject({ kind: z.literal("stream_delay"), ...target, ms: z.int().min(1).max(MAX_MS) }),
  /** The market publishes so many more updates at once, each `everyMs`, which leave its book as it is. */
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

/** Tells faults of streams from those of requests. */
export function isFrameFault<Fault extends { readonly kind: string }>(fault: Fault | FrameFault): fault is FrameFault {
  return fault.kind.startsWith("stream_");
}
