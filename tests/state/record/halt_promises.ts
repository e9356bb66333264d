/** What every engine of the record promises of halts, and of the requests to cancel that they bring. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { HALT_FILE } from "../../../src/trading/record/halts.ts";
import { entry, FREE, INSTANCE, NOW, outcomeOf } from "../../trading/stores.ts";
import { idsOf, place } from "./acts.ts";
import type { Promises } from "./acts.ts";

const NOTHING_LEFT = { remaining: [], unlisted: null, isDone: true };

/** By what is promised. */
export const HALT_PROMISES: Promises = {
  "Halts.pull() stops new orders of every process at once, and survives a restart": async (installation) => {
    const [record, other] = [await installation.open(), await installation.open()];
    await record.halts.pull({ by: "terminal", reason: "strange fills", now: NOW });
    const refused = await other.journal.begin(entry("a"), FREE, NOW);
    assert.ok(refused.kind === "refused" && refused.code === "ERR_TRADING_HALTED");
    assert.match(refused.message, /strange fills/);
    await Promise.all([record.close(), other.close()]);
    const by = { by: "terminal", reason: "strange fills", source: "switch" };
    assert.deepEqual(await (await installation.open()).halts.state(), { halted: true, at: NOW, ...by });
  },

  "Halts.lift() resumes trading, and both events are in the audit": async (installation) => {
    const { halts, journal, audit } = await installation.open();
    await halts.lift({ by: "terminal", now: NOW });
    await halts.pull({ by: "terminal", reason: "test", now: NOW });
    const lifted = await halts.lift({ by: "terminal", now: NOW + 1 });
    assert.deepEqual(lifted, { state: { halted: false }, withdrawn: [] });
    assert.equal(outcomeOf(await journal.begin(entry("a"), FREE, NOW)), "begun");
    assert.deepEqual((await audit.trail({ identity: "terminal" })).map(({ event }) => event), ["halt", "lift"]);
  },

  "Halts.pull() a second time keeps who halted first, and adds requests to cancel": async (installation) => {
    const { halts, cancelRequests } = await installation.open();
    await halts.pull({ by: "first", reason: "one", now: NOW });
    await halts.pull({ by: "second", reason: "two", cancelOpen: ["main"], now: NOW + 1 });
    await halts.pull({ by: "third", reason: "three", now: NOW + 2 });
    const state = { halted: true, at: NOW, by: "first", reason: "one", source: "switch" };
    assert.deepEqual(await halts.state(), state);
    const requests = (await cancelRequests.all()).map(({ account, by, doneAt }) => ({ account, by, doneAt }));
    assert.deepEqual(requests, [{ account: "main", by: "second", doneAt: null }]);
  },

  "Halts.lift() withdraws requests to cancel, and says which were not completed": async (installation) => {
    const { halts, cancelRequests, audit } = await installation.open();
    await halts.pull({ by: "test", reason: "", cancelOpen: ["main", "paper"], now: NOW });
    const [real = assert.fail()] = await cancelRequests.open(["main"]);
    await cancelRequests.note(real, NOTHING_LEFT, NOW);
    const { withdrawn } = await halts.lift({ by: "test", now: NOW });
    assert.deepEqual(withdrawn.map(({ account }) => account), ["paper"]);
    assert.deepEqual(await cancelRequests.all(), []);
    assert.deepEqual((await audit.trail({})).map(({ event }) => event), ["halt", "cancel_open", "lift"]);
  },

  "Halts.noteFile() records in the audit from when to when the file halted, once for all processes": async (
    installation,
  ) => {
    const [record, other] = [await installation.open(), await installation.open()];
    const file = join(installation.folder, HALT_FILE);
    assert.equal(await record.halts.noteFile(NOW), undefined);
    await Deno.writeTextFile(file, "");
    // An order meets the file before anybody has looked.
    assert.equal(outcomeOf(await other.journal.begin(entry("a"), FREE, NOW)), "ERR_TRADING_HALTED");
    assert.equal(await record.halts.noteFile(NOW), undefined);
    await Deno.remove(file);
    assert.equal(outcomeOf(await other.journal.begin(entry("a"), FREE, NOW)), "begun");
    const told = (await record.audit.trail({})).map(({ event, data }) => [event, JSON.parse(data).present ?? null]);
    assert.deepEqual(told, [
      ["halt_file", true],
      ["decision", null],
      ["halt_file", false],
      ["intent", null],
      ["sent", null],
    ]);
    assert.ok((await record.audit.verify()).ok);
  },

  "Halts list which orders were sent before, of all venues, for a halt by the file too": async (installation) => {
    const [record, other] = [await installation.open(), await installation.open()];
    const file = join(installation.folder, HALT_FILE);
    await place(record, "placed");
    for (const [name, venue] of [["real", ""], ["simulated", "simulated-1"]] as const) {
      assert.equal(outcomeOf(await other.journal.begin(entry(name, { venue }), FREE, NOW)), "begun");
    }
    const left = ["lm-real", "lm-simulated"];
    await Deno.writeTextFile(file, "");
    const noted = await record.halts.noteFile(NOW);
    assert.deepEqual(noted?.file === "appeared" && idsOf(noted.onTheirWay), left);
    assert.deepEqual(idsOf(await record.halts.pull({ by: "test", reason: "enough", now: NOW })), left);
    await Deno.remove(file);
    assert.deepEqual(await record.halts.noteFile(NOW), { file: "gone" });
  },

  "Halts: a file called halt halts while it exists, and lift() leaves it to its creator": async (
    installation,
  ) => {
    const { halts, journal } = await installation.open();
    const file = join(installation.folder, HALT_FILE);
    await Deno.writeTextFile(file, "anything");
    assert.equal(outcomeOf(await journal.begin(entry("b"), FREE, NOW)), "ERR_TRADING_HALTED");
    const { state: left } = await halts.lift({ by: "test", now: NOW });
    assert.ok(left.halted && left.source === "file");
    await Deno.remove(file);
    assert.deepEqual(await halts.state(), { halted: false });
  },

  "CancelRequests.claim() lets one live process work on a request, until its round has ended or takes too long": async (
    installation,
  ) => {
    const record = await installation.open();
    const { cancelRequests } = record;
    await record.halts.pull({ by: "test", reason: "", cancelOpen: ["main"], now: NOW });
    const other = await installation.enter(record);
    const [request = assert.fail()] = await cancelRequests.open(["main"]);
    const claim = (id: string, now: number, fromLiving = false) =>
      cancelRequests.claim(request, id, { now, fromLiving });
    assert.equal(await claim(other.id, NOW), true);
    assert.equal(await claim(INSTANCE.id, NOW + 299_999), false);
    assert.equal(await claim(INSTANCE.id, NOW, true), true);
    assert.equal(await claim(other.id, NOW + 300_000), true);
    await cancelRequests.note(request, { remaining: [], unlisted: "ERR_TIMEOUT", isDone: false }, NOW);
    const [noted] = await cancelRequests.all();
    assert.deepEqual([noted?.rounds, noted?.unlisted, noted?.begunAt], [1, "ERR_TIMEOUT", null]);
    assert.equal(await claim(INSTANCE.id, NOW), true);
    assert.equal(await claim(other.id, NOW), false);
    await record.halts.pull({ by: "again", reason: "", cancelOpen: ["main"], now: NOW });
    assert.equal(await claim(other.id, NOW), false);
  },

  "CancelRequests.claim() takes a request from a process that has died": async (installation) => {
    const record = await installation.open();
    await record.halts.pull({ by: "test", reason: "", cancelOpen: ["main"], now: NOW });
    const other = await installation.enter(record);
    const [request = assert.fail()] = await record.cancelRequests.open(["main"]);
    assert.equal(await record.cancelRequests.claim(request, other.id, { now: NOW }), true);
    await other.die();
    assert.equal(await record.cancelRequests.claim(request, INSTANCE.id, { now: NOW }), true);
  },
};
