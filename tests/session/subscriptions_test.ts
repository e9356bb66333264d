import assert from "node:assert/strict";
import fc from "fast-check";
import { Subscriptions } from "../../src/session/subscriptions.ts";
import type { Watched } from "../../src/session/subscriptions.ts";

/** A clock whose timers run when it is moved. */
class Clock {
  nowMs = 0;
  readonly #timers = new Set<{ atMs: number; run: () => void }>();

  get timers(): number {
    return this.#timers.size;
  }

  readonly now = () => this.nowMs;

  readonly after = (milliseconds: number, run: () => void) => {
    const timer = { atMs: this.nowMs + milliseconds, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  move(milliseconds: number): void {
    const untilMs = this.nowMs + milliseconds;
    for (;;) {
      const next = [...this.#timers].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#timers.delete(next);
      this.nowMs = next.atMs;
      next.run();
    }
    this.nowMs = untilMs;
  }
}

/** Resources that can be changed. */
class Resources {
  readonly #watching = new Map<string, Set<() => void>>();

  of(...uris: readonly string[]): Watched[] {
    return uris.map((uri) => ({
      uri,
      watch: (changed) => {
        const all = this.#watching.get(uri) ?? new Set();
        this.#watching.set(uri, all.add(changed));
        return () => all.delete(changed);
      },
    }));
  }

  change(uri: string): void {
    for (const changed of this.#watching.get(uri) ?? []) changed();
  }

  get watchers(): number {
    return [...this.#watching.values()].reduce((sum, { size }) => sum + size, 0);
  }
}

function setup(options: { maxResources?: number; isReading?: () => boolean } = {}) {
  const clock = new Clock();
  const resources = new Resources();
  const subscriptions = new Subscriptions({ now: clock.now, after: clock.after, intervalMs: 100, ...options });
  const said: string[] = [];
  return { clock, resources, subscriptions, said, notify: (uri: string) => void said.push(uri) };
}

Deno.test("Subscriptions notify of the first change at once, and of those that follow as one", () => {
  const { clock, resources, subscriptions, said, notify } = setup();
  subscriptions.open(resources.of("a"), notify);
  resources.change("a");
  assert.deepEqual(said, ["a"]);
  for (let count = 0; count < 50; count++) resources.change("a");
  assert.deepEqual(said, ["a"]);
  clock.move(100);
  assert.deepEqual(said, ["a", "a"]);
  clock.move(1_000);
  assert.deepEqual([said.length, clock.timers], [2, 0]);
});

Deno.test("Subscriptions send at most one notification per interval, and omit no change", () => {
  fc.assert(fc.property(
    fc.array(fc.record({ uri: fc.constantFrom("a", "b", "c", "d"), ms: fc.nat(80) }), { maxLength: 60 }),
    (changes) => {
      const { clock, resources, subscriptions } = setup();
      const said: { uri: string; atMs: number }[] = [];
      subscriptions.open(resources.of("a", "b", "c", "d"), (uri) => said.push({ uri, atMs: clock.nowMs }));
      const changed = new Map<string, number>();
      for (const { uri, ms } of changes) {
        clock.move(ms);
        changed.set(uri, clock.nowMs);
        resources.change(uri);
      }
      clock.move(1_000);
      for (const [uri, atMs] of changed) assert.ok(said.some((one) => one.uri === uri && one.atMs >= atMs), uri);
      for (const [index, { atMs }] of said.entries()) {
        assert.ok(index === 0 || atMs - (said[index - 1]?.atMs ?? 0) >= 100);
      }
      subscriptions.close();
      assert.deepEqual([resources.watchers, clock.timers], [0, 0]);
    },
  ));
});

Deno.test("Subscriptions take turns, so that a resource that changes all the time does not hide another", () => {
  const { clock, resources, subscriptions, said, notify } = setup();
  subscriptions.open(resources.of("busy", "rare"), notify);
  resources.change("busy");
  resources.change("busy");
  resources.change("rare");
  for (let step = 0; step < 4; step++) {
    clock.move(100);
    resources.change("busy");
  }
  assert.deepEqual(said.slice(0, 3), ["busy", "busy", "rare"]);
});

Deno.test("Subscriptions send nothing to a client that does not read until it reads again, and then only the last change", () => {
  let isReading = false;
  const { clock, resources, subscriptions, said, notify } = setup({ isReading: () => isReading });
  subscriptions.open(resources.of("a"), notify);
  for (let count = 0; count < 100; count++) {
    resources.change("a");
    clock.move(50);
  }
  assert.deepEqual([said, clock.timers], [[], 1]);
  isReading = true;
  clock.move(100);
  assert.deepEqual(said, ["a"]);
});

Deno.test("Subscriptions are bounded per client, and a closed one releases its slot", () => {
  const { resources, subscriptions, notify } = setup({ maxResources: 3 });
  const first = subscriptions.open(resources.of("a", "b"), notify);
  assert.ok(first !== undefined);
  assert.equal(subscriptions.open(resources.of("c", "d"), notify), undefined);
  assert.deepEqual([resources.watchers, subscriptions.size], [2, 2]);
  first.close();
  first.close();
  assert.equal(subscriptions.size, 0);
  assert.ok(subscriptions.open(resources.of("c", "d", "e"), notify) !== undefined);
});

Deno.test("Subscriptions count reserved slots until they are released", () => {
  const { resources, subscriptions, notify } = setup({ maxResources: 3 });
  const giveBack = subscriptions.reserve(2);
  assert.ok(giveBack !== undefined);
  assert.equal(subscriptions.reserve(2), undefined);
  assert.equal(subscriptions.open(resources.of("a", "b"), notify), undefined);
  giveBack();
  giveBack();
  assert.equal(subscriptions.size, 0);
  assert.ok(subscriptions.open(resources.of("a", "b", "c"), notify) !== undefined);
});

Deno.test("Subscriptions do not notify of one that was closed before its first notification", () => {
  const { clock, resources, subscriptions, said, notify } = setup();
  subscriptions.open(resources.of("a"), notify);
  const closing = subscriptions.open(resources.of("b"), notify);
  resources.change("a");
  resources.change("b");
  closing?.close();
  clock.move(1_000);
  assert.deepEqual(said, ["a"]);
});

Deno.test("Subscriptions of one client to the same resource are notified separately", () => {
  const { clock, resources, subscriptions } = setup();
  const said: string[] = [];
  subscriptions.open(resources.of("a"), () => said.push("first"));
  subscriptions.open(resources.of("a"), () => said.push("second"));
  resources.change("a");
  clock.move(100);
  assert.deepEqual(said, ["first", "second"]);
});

Deno.test("Subscriptions that were closed start no watch requested afterwards", () => {
  const { resources, subscriptions, notify } = setup();
  subscriptions.close();
  assert.deepEqual(subscriptions.open(resources.of("a"), notify)?.uris, []);
  assert.deepEqual([resources.watchers, subscriptions.size], [0, 0]);
});
