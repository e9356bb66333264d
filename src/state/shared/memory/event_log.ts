/** The events of one session in memory; every answer is synchronous. */

import { MAX_KEPT_EVENTS } from "../../../session/event_log.ts";
import type { EventLog, LoggedEvent, LoggedStream } from "../../../session/event_log.ts";

interface Stream {
  readonly request: string | number | undefined;
  readonly events: LoggedEvent[];
  /** Length of all events, in characters. */
  length: number;
  hasEnded: boolean;
}

/** Streams that live as long as this object. */
export class MemoryEventLog implements EventLog {
  readonly #streams = new Map<string, Stream>();

  begin(name: string, request?: string | number): void {
    if (!this.#streams.has(name)) this.#streams.set(name, { request, events: [], length: 0, hasEnded: false });
  }

  append(name: string, event: LoggedEvent): void {
    const stream = this.#streams.get(name);
    if (stream === undefined) return;
    stream.events.push(event);
    stream.length += event.text.length;
    while (stream.length > MAX_KEPT_EVENTS && stream.events.length > 1) {
      stream.length -= stream.events.shift()?.text.length ?? 0;
    }
  }

  end(name: string): void {
    const stream = this.#streams.get(name);
    if (stream !== undefined) stream.hasEnded = true;
  }

  read(name: string): LoggedStream | undefined {
    const stream = this.#streams.get(name);
    if (stream === undefined) return undefined;
    const { request, events, hasEnded } = stream;
    return { events: [...events], hasEnded, ...(request === undefined ? {} : { request }) };
  }

  remove(name: string): void {
    this.#streams.delete(name);
  }
}
