/** A complete set-up of a network server on a simulated exchange, for a test to break. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { doctor } from "../../../src/cli/doctor.ts";
import type { Outside } from "../../../src/cli/doctor.ts";
import type { CheckResult, Limits } from "../../../src/cli/doctor/check.ts";
import { SIMULATED_KEYS } from "../../../src/simulation/api/simulated_keys.ts";
import { createCertificates } from "../../../src/transport/listeners/certificates.ts";
import { TestExchange } from "../../support/exchange.ts";
import { runnerOf } from "../trading_commands.ts";
import type { Run, RunOptions } from "../trading_commands.ts";

/** A test's changes; `undefined` removes a flag or a variable. */
export interface Changes extends Pick<RunOptions, "json" | "columns"> {
  readonly flags?: Readonly<Record<string, string | undefined>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly outside?: Pick<Partial<Outside>, "resolve">;
  readonly limits?: Partial<Limits>;
  /** How far this machine's clock is ahead of the exchange's, in milliseconds. @default 0 */
  readonly aheadMs?: number;
}

/** Longer than anything takes, so that no test depends on the speed of the machine. */
const LONG_MS = 600_000;

/** How long `doctor` waits in tests where everything answers. */
export const PATIENT: Limits = {
  checkMs: LONG_MS,
  nameMs: LONG_MS,
  callMs: LONG_MS,
  slowMs: LONG_MS,
  accountMs: LONG_MS,
  keysMs: LONG_MS,
  sharedMs: LONG_MS,
  startMs: LONG_MS,
};

/** A working set-up: an exchange, a key, a state folder, a certificate and a policy. */
export class Setup implements AsyncDisposable {
  readonly exchange: TestExchange;
  /** Contains the files of the set-up; the state folder is `state` in it. */
  readonly folder: string;

  private constructor(exchange: TestExchange, folder: string) {
    this.exchange = exchange;
    this.folder = folder;
  }

  static async start(): Promise<Setup> {
    const folder = await Deno.makeTempDir();
    const setup = new Setup(await TestExchange.start(), folder);
    await Deno.mkdir(setup.path("state"), { mode: 0o700 });
    const yesterday = Date.now() - 86_400_000;
    const { server } = await createCertificates({ hosts: [], client: "developer", now: yesterday });
    await setup.write("server.pem", server.cert);
    await setup.write("server-key.pem", server.key);
    await setup.write("policy.json", JSON.stringify(POLICY));
    return setup;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  async write(name: string, text: string): Promise<string> {
    const path = this.path(name);
    await Deno.writeTextFile(path, text, { mode: 0o600 });
    return path;
  }

  /** Runs `doctor` on the set-up with the test's changes. The exchange dates its answers by the real clock. */
  async run({ flags = {}, env = {}, outside, limits, aheadMs = 0, ...options }: Changes = {}): Promise<Run> {
    const { id, secret } = SIMULATED_KEYS.trading;
    const run = runnerOf((given, call) => doctor(given, call, { ...outside, limits: { ...PATIENT, ...limits } }));
    return await run(
      given({
        "api-url": this.exchange.simulation.url,
        "state": this.path("state"),
        "transport": "websocket",
        "port": "0",
        "ssl-cert": this.path("server.pem"),
        "ssl-key": this.path("server-key.pem"),
        "trading": "auto",
        "policy": this.path("policy.json"),
        ...flags,
      }),
      {
        ...options,
        now: () => Date.now() + aheadMs,
        env: given({ HOME: this.folder, LUNO_API_KEY: id, LUNO_API_SECRET: secret, ...env }),
      },
    );
  }

  /** The lines of the report. */
  async results(changes: Changes = {}): Promise<{ code: number; checks: readonly CheckResult[] }> {
    const { code, stdout } = await this.run({ ...changes, json: true });
    return { code, checks: JSON.parse(stdout).checks };
  }

  /** The failures, with which `doctor` exits with code 1; each line says how to fix it. */
  async broken(changes: Changes = {}): Promise<readonly CheckResult[]> {
    const { code, checks } = await this.results(changes);
    const broken = checks.filter(({ status }) => status === "broken");
    assert.equal(code, broken.length === 0 ? 0 : 1);
    for (const { text, fix = "" } of broken) assert.notEqual(fix, "", text);
    return broken;
  }

  /** The only failure. */
  async break(changes: Changes = {}): Promise<CheckResult> {
    const [first, ...others] = await this.broken(changes);
    assert.ok(first, "nothing is broken");
    assert.deepEqual(others, []);
    return first;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.exchange[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

const POLICY = { default: { max_per_order: { amount: "1000", currency: "ZAR" } } };

function given(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => value === undefined ? [] : [[name, value]]),
  );
}
