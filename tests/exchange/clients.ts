import assert from "node:assert/strict";
import { ExchangeClient, type ExchangeClientOptions } from "../../src/exchange/client.ts";
import { ExchangeError } from "../../src/exchange/errors.ts";
import { type RawHandler, RawServer } from "./raw_server.ts";

/** An API key whose parts must never be seen anywhere. */
export const CANARY = { id: "canaryid7", secret: "canary-secret-93Qq" };

/** A client with a key, pauses that take no time and no jitter, and the raw server that it talks to. */
export function connect(handler: RawHandler, options: Partial<ExchangeClientOptions> = {}): Connected {
  return new Connected(new RawServer(handler), options);
}

class Connected implements AsyncDisposable {
  /** How long the client paused before each repetition. */
  readonly pauses: number[] = [];
  readonly client: ExchangeClient;
  readonly server: RawServer;

  constructor(server: RawServer, options: Partial<ExchangeClientOptions>) {
    this.server = server;
    this.client = new ExchangeClient({
      url: server.url,
      credentials: CANARY,
      random: () => 1,
      sleep: (milliseconds) => {
        this.pauses.push(milliseconds);
        return Promise.resolve();
      },
      ...options,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    await this.server[Symbol.asyncDispose]();
  }
}

/** The `ExchangeError` that a call ends with, which never shows the key. */
export async function failureOf(call: Promise<unknown>): Promise<ExchangeError> {
  const error = await call.then(() => assert.fail("the call succeeded"), (error: unknown) => error);
  assert.ok(error instanceof ExchangeError, Deno.inspect(error));
  assertNoSecret(error);
  return error;
}

/** Fails when anything that can be printed of a value holds the key. */
export function assertNoSecret(value: unknown): void {
  const printed = Deno.inspect(value, { depth: 20, showHidden: true }) + JSON.stringify(value) + String(value);
  for (const secret of [CANARY.id, CANARY.secret, btoa(`${CANARY.id}:${CANARY.secret}`)]) {
    assert.ok(!printed.includes(secret), printed);
  }
}
