import assert from "node:assert/strict";
import { resumeResource } from "../../src/protocol/resumed_resources.ts";
import { Subscriptions } from "../../src/session/subscriptions.ts";

/** A client with little room, what it was told, and what is to be tried again. */
class World {
  readonly kept = new Subscriptions({ maxResources: 1, intervalMs: 0, now: () => 0 });
  readonly told: string[] = [];
  readonly later = new Set<() => void>();
  isReadable = true;

  resume(uri: string) {
    return resumeResource(uri, (uri) => void this.told.push(uri), {
      watchOf: () => Promise.resolve(this.isReadable ? () => () => {} : undefined),
      kept: this.kept,
      after: (_, run) => {
        this.later.add(run);
        return () => void this.later.delete(run);
      },
    });
  }

  open(uri: string) {
    return this.kept.open([{ uri, watch: () => () => {} }], () => {});
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  }

  async tryAgain(): Promise<void> {
    const [run] = this.later;
    assert.ok(run, "nothing is tried again");
    this.later.delete(run);
    run();
    await this.settle();
  }
}

Deno.test("resumeResource() retries while the client has its maximum of subscriptions, until one has ended", async () => {
  const world = new World();
  const other = world.open("a:other");
  assert.ok(other);
  const resumed = world.resume("a:1");
  await world.settle();
  await world.tryAgain();
  assert.deepEqual(world.told, []);
  other.close();
  await world.tryAgain();
  assert.deepEqual(world.told, ["a:1"]);
  assert.equal(world.kept.size, 1);
  resumed.close();
  assert.deepEqual([world.kept.size, world.later.size], [0, 0]);
});

Deno.test("resumeResource() reserves a slot for a resource that cannot be read yet, and releases it at its end", async () => {
  const world = new World();
  world.isReadable = false;
  const resumed = world.resume("a:1");
  assert.equal(world.open("a:new"), undefined, "the client had the other one before");
  await world.settle();
  assert.equal(world.open("a:new"), undefined);
  world.isReadable = true;
  await world.tryAgain();
  assert.deepEqual(world.told, ["a:1"]);
  resumed.close();
  assert.ok(world.open("a:new"));

  const unread = new World();
  unread.isReadable = false;
  unread.resume("a:1").close();
  await unread.settle();
  assert.ok(unread.open("a:new"));
});

Deno.test("resumeResource() gives up after some minutes, and releases its slot", async () => {
  const world = new World();
  world.isReadable = false;
  world.resume("a:1");
  await world.settle();
  while (world.later.size > 0) await world.tryAgain();
  assert.equal(world.kept.size, 0);
});
