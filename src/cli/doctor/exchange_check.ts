/** Checks whether the exchange is reachable: its name, the connection, the clocks, the call budget, and the key. */

import { ExchangeClient } from "../../exchange/client.ts";
import { tellableSkewMs } from "../../exchange/clock_skew.ts";
import { ExchangeError } from "../../exchange/errors.ts";
import { checkClock, MAX_SKEW_MS } from "../../trading/execution/exchange_clock.ts";
import { abortable, Deadline } from "../../timing/deadline.ts";
import { formatAge } from "../terminal/times.ts";
import { checkBudget } from "./budget_check.ts";
import { broken, ok, skipped, warning } from "./check.ts";
import type { CheckContext, CheckResult } from "./check.ts";
import { checkCredentials } from "./credentials_check.ts";

/** Stops at the first failure: without a name there is no connection, without that no clock and no key. */
export async function checkExchange(context: CheckContext): Promise<readonly CheckResult[]> {
  const { config: { exchange, apiUrl }, loaded, world } = context;
  if (exchange === "simulated") return [skipped("exchange", "the embedded exchange needs no network and no key")];
  if (exchange === undefined || apiUrl === undefined) {
    return [skipped("exchange", "not checked until --exchange and --api-url are valid")];
  }
  const resolution = await checkName(apiUrl, context);
  if (resolution.status === "broken") return [resolution, skipped("exchange", UNREACHED)];
  const credentials = exchange === "live" && loaded.ok ? loaded.credentials : undefined;
  const client = new ExchangeClient({
    url: apiUrl.href,
    ...(credentials === undefined
      ? {}
      : { credentials: { id: credentials.id.reveal(), secret: credentials.secret.reveal() } }),
    maxAttempts: 1,
    now: world.monotonic,
    wallClock: world.now,
  });
  try {
    const connection = await checkConnection(client, { url: apiUrl, context });
    const clock = clockResult(client);
    if (connection.status === "broken") return [resolution, connection, ...clock];
    const key = await checkCredentials(client, context);
    return [resolution, connection, ...clock, checkBudget(client, { url: apiUrl, context }), key];
  } finally {
    client.close();
  }
}

const UNREACHED = "not checked without an address, nor are clock, call budget and credentials";

async function checkName(
  { hostname }: URL,
  { resolve, signal, limits: { nameMs } }: CheckContext,
): Promise<CheckResult> {
  const name = "name resolution";
  if (/^\[|^\d+(\.\d+){3}$/.test(hostname)) return skipped(name, `${hostname} is an address`);
  using deadline = new Deadline(nameMs, [signal]);
  const late = () => Object.assign(new Error(), { code: `no answer within ${nameMs / 1_000} s` });
  try {
    const addresses = await abortable(resolve(hostname), deadline.signal, late);
    return ok(name, `${hostname} is ${addresses.slice(0, 3).join(", ")}`);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "no answer";
    return broken(
      name,
      `${hostname} cannot be resolved (${code})`,
      `check --api-url for a typing error, and this machine's network and DNS servers: nslookup ${hostname} asks them`,
    );
  }
}

async function checkConnection(
  client: ExchangeClient,
  { url, context: { world, signal, limits: { callMs, slowMs } } }: { url: URL; context: CheckContext },
): Promise<CheckResult> {
  const name = "exchange";
  const times: number[] = [];
  try {
    // The second call reuses the connection of the first one.
    for (let call = 0; call < 2; call++) {
      const startedAt = world.monotonic();
      await client.call("getTicker", { pair: "XBTZAR" }, { signal, deadlineMs: callMs });
      times.push(Math.round(world.monotonic() - startedAt));
    }
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error;
    if (error.code !== "ERR_RATE_LIMITED") return broken(name, error.message, connectionFix(error, url));
  }
  const [first = 0, second = first] = times;
  const how = url.protocol === "https:" ? "over TLS" : "without TLS";
  const text = times.length === 0
    ? `${url.host} answers ${how}`
    : `${url.host} answers ${how}: ${first} ms with the connection, ${second} ms on it`;
  return second > slowMs
    ? warning(name, text, "check this machine's network: every call takes that long")
    : ok(name, text);
}

function connectionFix({ code, message }: ExchangeError, { host }: URL): string {
  if (/certificate/i.test(message)) {
    return `check --api-url, and whether a proxy or virus scanner takes the place of ${host}: it is never trusted`;
  }
  if (code === "ERR_ANSWER_INVALID") return `check --api-url: what answers at ${host} is not the exchange`;
  if (code === "ERR_UNAVAILABLE") return "try again later";
  return `check --api-url, and the network, proxy and firewall between this machine and ${host}`;
}

function clockResult(client: ExchangeClient): CheckResult[] {
  const name = "clock";
  const status = client.status();
  if (status.clock === null) return [];
  const skewMs = tellableSkewMs(status.clock.skewMs);
  if (checkClock(status).ok) return [ok(name, `within ${MAX_SKEW_MS / 1_000} s of the exchange's`)];
  const where = skewMs > 0 ? "behind" : "ahead of";
  return [broken(name, `this machine's clock is ${formatAge(Math.abs(skewMs))} ${where} the exchange's`, CLOCK_FIX)];
}

const CLOCK_FIX = Deno.build.os === "windows"
  ? "set it from the network: w32tm /resync"
  : Deno.build.os === "darwin"
  ? "set it from the network: sudo sntp -sS time.apple.com"
  : "set it from the network: sudo timedatectl set-ntp true";
