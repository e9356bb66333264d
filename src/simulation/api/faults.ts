/**
 * Faults that can be enabled: each rule says which requests, or messages of streams, it affects and how. Probabilities
 * are drawn from a seeded sequence, so the same requests meet the same faults.
 */

import { z } from "zod";
import { isLunoErrorCode, type LunoErrorCode } from "../../exchange/luno_errors.ts";
import { DAY_MS } from "../days.ts";
import { hash32, seedFor, toUnit } from "../random.ts";
import { anyTarget, type FrameFault, frameFaults, type FrameKind, isFrameFault } from "./frame_faults.ts";

const MAX_RULES = 100;
const MAX_DELAY_MS = 60_000;

const target = {
  /** Only requests of this method. @default every method */
  method: z.enum(["GET", "POST", "PUT", "DELETE"]).optional(),
  ...anyTarget,
};

/** Whether a fault strikes before the request takes effect, or afterwards, so that only the response is lost. */
const when = z.enum(["before", "after"]).default("before");

const LunoErrorCodeText = z.string().refine((code): code is LunoErrorCode => isLunoErrorCode(code), {
  error: "expected an error code of the exchange",
});

/** One fault; each member documents its kind. */
export const FaultRule = z.discriminatedUnion("kind", [
  /** Waits before the request is handled. */
  z.strictObject({ kind: z.literal("delay"), ...target, ms: z.int().min(0).max(MAX_DELAY_MS) }),
  /** 429, with `Retry-After` when seconds are given. */
  z.strictObject({
    kind: z.literal("too_many_requests"),
    ...target,
    retryAfterSeconds: z.int().min(0).max(3600).optional(),
    body: z.enum(["json", "empty"]).default("json"),
  }),
  /** A 5xx with a JSON body, as the service sends it. */
  z.strictObject({
    kind: z.literal("server_error"),
    ...target,
    when,
    status: z.union([z.literal(500), z.literal(502), z.literal(503), z.literal(504)]).default(500),
  }),
  /** An error page of the proxy in front of the service. */
  z.strictObject({ kind: z.literal("html"), ...target, when, status: z.int().min(200).max(599).default(502) }),
  /** Any error code of the exchange, with its status and text. */
  z.strictObject({ kind: z.literal("luno_error"), ...target, when, code: LunoErrorCodeText }),
  /** The correct response, truncated to half. */
  z.strictObject({ kind: z.literal("truncated_json"), ...target }),
  /** Valid JSON that is not the response. */
  z.strictObject({ kind: z.literal("wrong_json"), ...target }),
  /** The correct response with decimals as numbers, other texts as lists, numbers as texts, and lists as objects. */
  z.strictObject({ kind: z.literal("wrong_types"), ...target }),
  /** Status 200 with an empty body. */
  z.strictObject({ kind: z.literal("empty_body"), ...target, when }),
  /** The connection is reset without a byte of a response. */
  z.strictObject({ kind: z.literal("reset"), ...target, when }),
  /** Reads return the state of `ms` ago. */
  z.strictObject({ kind: z.literal("stale"), ...target, ms: z.int().min(1).max(DAY_MS) }),
  ...frameFaults,
]);

/** A rule as written: defaults may be omitted. */
export type FaultRule = z.input<typeof FaultRule>;

/** A rule with its defaults. */
export type Fault = z.output<typeof FaultRule>;

/** Additional updates that a market publishes. */
export type Burst = Extract<FrameFault, { readonly kind: "stream_burst" }>;

/** A fault of requests and their responses. */
export type RequestFault = Exclude<Fault, FrameFault>;

const FaultRules = z.array(FaultRule).max(MAX_RULES);

/** Rules, or every problem with them. */
export type ParsedFaults =
  | { readonly ok: true; readonly faults: readonly Fault[] }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Validates a list of rules and reports every problem. */
export function parseFaults(value: unknown): ParsedFaults {
  const parsed = FaultRules.safeParse(value);
  if (parsed.success) return { ok: true, faults: parsed.data };
  return { ok: false, problems: parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) };
}

interface ArmedFault {
  readonly fault: Fault;
  readonly pattern: RegExp;
  left: number;
}

/** The faults of one simulation; they can be read and replaced while it runs. */
export class Faults {
  readonly #seed: number;
  #armed: readonly ArmedFault[] = [];
  #draws = 0;

  constructor(seed: number) {
    this.#seed = seedFor(seed, "faults");
  }

  /** The rules that are still effective, with the remaining `times`. */
  get rules(): readonly Fault[] {
    return this.#armed.filter(({ left }) => left > 0)
      .map(({ fault, left }) => fault.times === undefined ? fault : { ...fault, times: left });
  }

  /**
   * Replaces all rules; an empty list removes every fault.
   *
   * @throws {RangeError} that names every problem, when a rule is invalid
   */
  set(rules: readonly FaultRule[]): void {
    const parsed = parseFaults(rules);
    if (!parsed.ok) throw new RangeError(`Cannot set faults: ${parsed.problems.join("; ")}`);
    this.#armed = parsed.faults.map((fault) => ({
      fault,
      pattern: globPattern(fault.path ?? "*"),
      left: fault.times ?? Infinity,
    }));
  }

  /** The faults that affect a request, in the order of the rules; decrements their `times`. */
  draw(method: string, path: string): readonly RequestFault[] {
    return this.#draw(
      path,
      (fault): fault is RequestFault => !isFrameFault(fault) && (fault.method ?? method) === method,
    );
  }

  /** The faults that affect a message of a stream, in the order of the rules; decrements their `times`. */
  drawFrame(path: string, kind: FrameKind): readonly FrameFault[] {
    return this.#draw(path, (fault): fault is FrameFault => isFrameFault(fault) && fault.on === kind);
  }

  /** The bursts of a market that became due between two moments; milliseconds since the Unix epoch. */
  drawBursts(path: string, { sinceMs, nowMs }: { readonly sinceMs: number; readonly nowMs: number }): readonly Burst[] {
    const isDue = ({ everyMs }: Burst) => Math.floor(nowMs / everyMs) !== Math.floor(sinceMs / everyMs);
    return this.#draw(path, (fault): fault is Burst => fault.kind === "stream_burst" && isDue(fault));
  }

  /** The shortest interval of bursts; infinite when there are none. */
  get burstEveryMs(): number {
    return Math.min(...this.rules.map((fault) => fault.kind === "stream_burst" ? fault.everyMs : Infinity));
  }

  #draw<Drawn extends Fault>(path: string, isMeant: (fault: Fault) => fault is Drawn): readonly Drawn[] {
    if (this.#armed.length === 0) return [];
    const drawn: Drawn[] = [];
    for (const armed of this.#armed) {
      const { fault, pattern, left } = armed;
      if (left <= 0 || !isMeant(fault) || !pattern.test(path) || !this.#isUnlucky(fault)) continue;
      armed.left -= 1;
      drawn.push(fault);
    }
    return drawn;
  }

  #isUnlucky({ probability }: Fault): boolean {
    return probability === undefined || toUnit(hash32(this.#seed, ++this.#draws)) < probability;
  }
}

function globPattern(glob: string): RegExp {
  const escaped = glob.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("\\*", ".*");
  return new RegExp(`^${escaped}$`);
}
