/** Forwards a stream that another server runs to a reader that continues it here. */

import type { JSONRPCMessage } from "@modelcontextprotocol/server";
import type { EventLog } from "../../session/event_log.ts";
import { sleep } from "../../timing/sleep.ts";
import type { EventStream } from "./event_stream.ts";

/** Interval of reads of the other server's events, in milliseconds. */
const LOOK_MS = 200;

/** What to follow, and for how long. */
export interface FollowOptions {
  readonly log: EventLog;
  /** Aborts when nobody reads the stream any more. */
  readonly signal: AbortSignal;
  /** The answer to the request if the other server is gone. */
  readonly unanswered: (request: string | number) => JSONRPCMessage;
}

/** Forwards events until the stream ends; if its server is gone before, ends it instead. */
export async function followStream(stream: EventStream, { log, signal, unanswered }: FollowOptions): Promise<void> {
  for (;;) {
    try {
      await sleep(LOOK_MS, signal);
    } catch {
      return;
    }
    const logged = await log.read(stream.name);
    if (signal.aborted) return;
    for (const event of logged?.events ?? []) stream.deliver(event);
    if (logged !== undefined && !logged.hasEnded && logged.isRunElsewhere) continue;
    if (logged !== undefined && !logged.hasEnded && logged.request !== undefined) {
      void log.begin(stream.name, logged.request);
      stream.send(unanswered(logged.request));
    }
    return stream.end();
  }
}
