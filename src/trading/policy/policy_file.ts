/** The operator's policy file (`--policy`), and the built-in policy. */

import { formatDecimal, parseDecimal } from "../../money/decimals.ts";
import { readOperatorJson } from "../../validation/operator_json.ts";
import { hiddenIdentities } from "../../access/identity_name.ts";
import { codeOf } from "../../money/currencies.ts";
import { CONFIRM_WAYS, sealPolicy } from "./policy.ts";
import type { ConfirmWay, Mode, Policy, PolicyRules } from "./policy.ts";
import type { Worth } from "../orders/notional.ts";
import { describeIssue, type PolicyEntry, PolicySchema } from "./policy_schema.ts";

/** The most that `--trading` allows. */
export type TradingBound = "off" | "confirm" | "auto";

/** The bounds that the command line sets. */
export interface PolicyBounds {
  /** The only accepted ways of confirming (`--confirm-by`); those in the file when absent. */
  readonly confirmBy?: readonly ConfirmWay[] | undefined;
}

/** A valid file, or every problem with it. */
export type ParsedPolicy = { ok: true; file: PolicyFile } | { ok: false; problems: string[] };

/** Longest file, in characters. */
const MAX_LENGTH = 1_048_576;

/** The defaults for whatever a file omits. */
const BUILT_IN: PolicyEntry = { max_orders_per_minute: 10, price_band_percent: "10" };

/** The policies of all identities. */
export class PolicyFile {
  readonly #default: PolicyEntry;
  readonly #identities: ReadonlyMap<string, PolicyEntry>;
  /** The version that was published to the record; absent for a file of this machine. */
  readonly version: number | undefined;
  /** Policies by bounds and identity; identities that the file does not name share one, except `local`. */
  readonly #policies = new Map<string, Policy>();

  /** Without arguments: the policy when there is no file. */
  constructor(
    fallback: PolicyEntry = {},
    identities: Readonly<Record<string, PolicyEntry>> = {},
    { version }: { readonly version?: number | undefined } = {},
  ) {
    this.version = version;
    this.#default = { ...BUILT_IN, ...fallback };
    this.#identities = new Map(Object.entries(identities));
  }

  /** Identities that the file names. */
  get identities(): string[] {
    return [...this.#identities.keys()];
  }

  /** The policy of an identity: its own entry, else the default; never more than the command line allows. */
  policyOf(identity: string, bound: TradingBound, { confirmBy }: PolicyBounds = {}): Policy {
    const own = this.#identities.get(identity);
    const isLocal = identity === "local";
    const key = JSON.stringify([bound, confirmBy, own === undefined && !isLocal ? null : identity]);
    const known = this.#policies.get(key);
    if (known !== undefined) return known;
    const entry = { ...this.#default, ...own };
    const sealed = sealPolicy(rulesOf(entry, bound, confirmWays(entry, { isLocal, confirmBy })));
    const policy = this.version === undefined ? sealed : { ...sealed, version: this.version };
    this.#policies.set(key, policy);
    return policy;
  }
}

/** Parses a file's text; every problem names its place. `version`: its version in the record. */
export function parsePolicyFile(
  text: string,
  { version }: { readonly version?: number | undefined } = {},
): ParsedPolicy {
  if (text.length > MAX_LENGTH) {
    const problem = `the file: expected at most ${MAX_LENGTH} characters: current value is ${text.length}`;
    return { ok: false, problems: [problem] };
  }
  const json = readOperatorJson(text);
  if (!json.ok) return { ok: false, problems: [`the file: ${json.problem}`] };
  const { value, duplicates } = json;
  const problems = [...duplicates, ...hiddenIdentities(value)];
  const read = PolicySchema.safeParse(value, { reportInput: true });
  if (!read.success) problems.push(...read.error.issues.flatMap(describeIssue));
  if (!read.success || problems.length > 0) return { ok: false, problems };
  return { ok: true, file: new PolicyFile(read.data.default, read.data.identities, { version }) };
}

function rulesOf(entry: PolicyEntry, bound: TradingBound, confirmBy: readonly ConfirmWay[]): PolicyRules {
  const { cool_off } = entry;
  const mode = boundMode(entry.mode, bound);
  return {
    mode,
    ...given("confirmBy", mode === "confirm" ? confirmBy : undefined),
    ...given("pairs", entry.pairs && sortedOnce(entry.pairs.map(pairCode))),
    ...given("sides", entry.sides && sortedOnce(entry.sides)),
    ...given("orderTypes", entry.order_types && sortedOnce(entry.order_types)),
    ...given("maxPerOrder", entry.max_per_order && worthOf(entry.max_per_order)),
    ...given("maxPerDay", entry.max_per_day && worthOf(entry.max_per_day)),
    ...given("maxOpenOrders", entry.max_open_orders),
    ...given("maxOrdersPerMinute", entry.max_orders_per_minute),
    ...given("priceBandPercent", entry.price_band_percent && normal(entry.price_band_percent)),
    ...given("allowWarnings", entry.allow_warnings?.length ? sortedOnce(entry.allow_warnings) : undefined),
    ...given(
      "coolOff",
      cool_off && {
        rejects: cool_off.rejects,
        withinSeconds: cool_off.within_seconds,
        pauseSeconds: cool_off.pause_seconds,
      },
    ),
  };
}

/** A dialog is answered with the caller's credential, so it proves a person only when the caller is the owner. */
function confirmWays(
  { confirm_by }: PolicyEntry,
  { isLocal, confirmBy }: { isLocal: boolean; confirmBy: readonly ConfirmWay[] | undefined },
): ConfirmWay[] {
  const wanted = confirm_by ?? confirmBy ?? (isLocal ? CONFIRM_WAYS : CONFIRM_WAYS.filter((way) => way !== "dialog"));
  return CONFIRM_WAYS.filter((way) => wanted.includes(way) && (confirmBy ?? wanted).includes(way));
}

function boundMode(mode: Mode | undefined, bound: TradingBound): Mode {
  if (bound === "off") return "observe";
  return mode === undefined || (mode === "auto" && bound === "confirm") ? bound : mode;
}

/** A field, or nothing when the limit is absent or removed by `null`. */
function given<Name extends string, Value>(
  name: Name,
  value: Value | null | undefined,
): { readonly [N in Name]?: Value } {
  const field: { [N in Name]?: Value } = {};
  if (value !== null && value !== undefined) field[name] = value;
  return field;
}

/** A pair in Luno's codes: only the whole code BTC becomes XBT, so that `WBTC` stays itself. */
function pairCode(text: string): string {
  const codes = text.split(/[ /_-]/).map(currencyCode);
  return codes.length === 1 ? codes.join("").replace(/^BTC(?=.{3})/, "XBT") : codes.join("");
}

function currencyCode(text: string): string {
  return codeOf(text.toUpperCase());
}

function worthOf({ amount, currency }: { readonly amount: string; readonly currency: string }): Worth {
  return { amount: normal(amount), currency: currencyCode(currency) };
}

function normal(text: string): string {
  return formatDecimal(parseDecimal(text));
}

function sortedOnce<Item extends string>(items: readonly Item[]): Item[] {
  return [...new Set(items)].toSorted();
}
