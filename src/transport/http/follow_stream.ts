/** A stream that another server runs, handed on to a reader that took it up here. */

import type { JSONRPCMessage } from "@modelcontextprotocol/server";
import type { EventLog } from "../../session/event_log.ts";
import { sleep } from "../../timing/sleep.ts";
import type { EventStream } from "./event_stream.ts";

/** Between two looks at what the other server has sent, in milliseconds. */
const LOOK_MS = 200;

/** What is followed, and for how long. */
export interface FollowOptions {
  readonly log: EventLog;
  /** Ends it; nobody reads the stream any more. */
  readonly signal: AbortSignal;
  /** The answer to a request whose server has gone. */
  readonly unanswered: (request: string | number) => JSONRPCMessage;
}

/** Hands on what comes until the stream ends; where its server goes before that, this one ends it in its place. */
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
