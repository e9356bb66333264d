import assert from "node:assert/strict";
import { listenToSignals } from "../../src/cli/signals.ts";
import type { SignalSource } from "../../src/cli/signals.ts";

/** What each signal does on a system. */
function effects({ os, hasTerminal, unknown = [] }: Omit<SignalSource, "add"> & { unknown?: Deno.Signal[] }) {
  const done: Record<string, string> = {};
  let effect = "";
  const add = (signal: Deno.Signal, listener: () => void): void => {
    if (unknown.includes(signal)) throw new TypeError(`unknown signal ${signal}`);
    listener();
    done[signal] = effect;
  };
  const signals = listenToSignals({ os, hasTerminal, add }, () => effect = "ends");
  signals.onHangup(() => effect = "reloads");
  signals.onUserSignal(() => effect = "halts");
  return done;
}

Deno.test("listenToSignals() lets SIGHUP end a program whose terminal closed, and reload one that never had a terminal", () => {
  const common = { SIGINT: "ends", SIGTERM: "ends", SIGUSR1: "halts" };
  assert.deepEqual(effects({ os: "linux", hasTerminal: true }), { ...common, SIGHUP: "ends" });
  assert.deepEqual(effects({ os: "linux", hasTerminal: false }), { ...common, SIGHUP: "reloads" });
  assert.deepEqual(effects({ os: "darwin", hasTerminal: false }), { ...common, SIGHUP: "reloads" });
});

Deno.test("listenToSignals() lets every Windows signal that the runtime supports end the program", () => {
  const all = { SIGINT: "ends", SIGBREAK: "ends", SIGTERM: "ends", SIGHUP: "ends" };
  assert.deepEqual(effects({ os: "windows", hasTerminal: false }), all);
  const old = effects({ os: "windows", hasTerminal: true, unknown: ["SIGTERM", "SIGHUP"] });
  assert.deepEqual(old, { SIGINT: "ends", SIGBREAK: "ends" });
});
