/** An executor that is told of its orders as the user stream tells, when and how often a test says. */

import { readUserFrame } from "../../src/exchange/stream/user_frames.ts";
import type { UserEvent } from "../../src/exchange/stream/user_frames.ts";
import type { AccountFollower } from "../../src/market/live/live_account.ts";
import type { ExecutorOptions } from "../../src/trading/execution/executor_parts.ts";
import type { PlaceRequest } from "../../src/trading/execution/place_request.ts";
import { ExecutorWorld } from "./executor_world.ts";

/** A world, and what it is told. */
export class ToldWorld implements AsyncDisposable {
  readonly world: ExecutorWorld;
  /** Called before each answer of the exchange comes back. */
  beforeAnswer: () => void = () => {};
  /** How often news were needed, and how often that was over. */
  readonly needs: { readonly begun: number; readonly over: number };
  readonly #take: () => readonly string[];
  readonly #followers: Set<AccountFollower>;

  private constructor(
    world: ExecutorWorld,
    { take, followers, needs }: {
      take: () => readonly string[];
      followers: Set<AccountFollower>;
      needs: ToldWorld["needs"];
    },
  ) {
    this.world = world;
    this.#take = take;
    this.needs = needs;
    this.#followers = followers;
  }

  static async start(wrap: (options: ExecutorOptions) => ExecutorOptions = (options) => options): Promise<ToldWorld> {
    const followers = new Set<AccountFollower>();
    const needs = { begun: 0, over: 0 };
    const news = {
      need() {
        needs.begun++;
        return { [Symbol.dispose]: () => void needs.over++ };
      },
      follow: (follower: AccountFollower) => {
        followers.add(follower);
        return { [Symbol.dispose]: () => void followers.delete(follower) };
      },
    };
    let told: ToldWorld | undefined;
    const world = await ExecutorWorld.start({
      wrap: (options) => {
        const { exchange } = options;
        const call: typeof exchange.call = async (...request) => {
          try {
            return await exchange.call(...request);
          } finally {
            told?.beforeAnswer();
          }
        };
        const get = (target: typeof exchange, name: string | symbol) => {
          const value: unknown = name === "call" ? call : Reflect.get(target, name, target);
          return typeof value === "function" ? value.bind(target) : value;
        };
        return wrap({ ...options, news, exchange: new Proxy(exchange, { get }) });
      },
    });
    return told = new ToldWorld(world, { take: world.exchange.listen(), followers, needs });
  }

  /** What the exchange has to tell since the last time. */
  events(): UserEvent[] {
    return this.#take().flatMap((text) => {
      const frame = readUserFrame(text);
      return frame.kind === "event" ? [frame.event] : [];
    });
  }

  /** Tells. */
  tell(events: readonly UserEvent[] = this.events()): void {
    for (const event of events) for (const { changed } of [...this.#followers]) changed?.(event);
  }

  /** Waits until the record is as wanted; look-ups of the background do not run meanwhile. */
  async until(isThere: () => boolean): Promise<void> {
    while (!isThere()) await new Promise((resolve) => setTimeout(resolve));
  }

  /** What the record says of a request in the end: without times, hashes and the exchange's random ids. */
  recorded(request: PlaceRequest): unknown {
    const placement = this.world.placement(request);
    const rows = this.world.store.audit.trail({ clientOrderId: placement?.clientOrderId ?? "" });
    return {
      state: placement?.state,
      isOpen: placement?.isOpen,
      isNamed: placement?.orderId === this.world.orders(request)[0]?.id,
      rows: rows.filter(({ event }) => ["outcome", "fill", "closed"].includes(event)).map(({ event, data }) => [
        event,
        JSON.parse(data),
      ]),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world[Symbol.asyncDispose]();
  }
}
