/**
 * The operator's access file (`--access`): the most that each identity may do, and its limits.
 *
 * A client may do what both its credential and this file allow. A certificate carries no scopes, so only this file
 * grants them; without an entry its holder may read market data.
 */

import { z } from "zod";
import { describeIssue } from "../validation/schema_problems.ts";
import { readOperatorJson } from "../validation/operator_json.ts";
import { hiddenIdentities, IdentityName } from "./identity_name.ts";
import { ALL_SCOPES, SCOPES } from "./scopes.ts";
import type { Scope } from "./scopes.ts";
import type { Credential, Grants, IdentityLimits } from "./caller.ts";

const Entry = z.strictObject({
  scopes: z.array(z.enum(SCOPES)).max(SCOPES.length).optional(),
  rate_limit: z.int().min(1).max(10_000_000).optional(),
  max_connections: z.int().min(1).max(100_000).optional(),
  max_in_flight: z.int().min(1).max(10_000).optional(),
});

const AccessSchema = z.strictObject({
  default: Entry.optional(),
  identities: z.record(IdentityName, Entry).optional(),
});

/** A valid file, or every problem with it. */
export type ParsedAccess = { ok: true; access: AccessFile } | { ok: false; problems: string[] };

/** The most identities that one file may name. */
const MAX_IDENTITIES = 10_000;

const CERTIFICATE_SCOPES: ReadonlySet<Scope> = new Set(["market:read"]);

/** One entry of the file. */
interface Entitlement {
  readonly scopes?: ReadonlySet<Scope>;
  readonly limits: IdentityLimits;
}

/** The grants of one file. */
export class AccessFile implements Grants {
  readonly #default: Entitlement;
  readonly #identities: ReadonlyMap<string, Entitlement>;

  constructor({ default: fallback = {}, identities = {} }: z.output<typeof AccessSchema> = {}) {
    this.#default = entitlementOf(fallback);
    // Whatever an entry omits is taken from the default.
    this.#identities = new Map(
      Object.entries(identities).map(([identity, entry]) => [identity, entitlementOf({ ...fallback, ...entry })]),
    );
  }

  allows({ identity, source }: Credential, scope: Scope): boolean {
    const granted = this.#entitlementOf(identity).scopes ??
      (source === "certificate" ? CERTIFICATE_SCOPES : ALL_SCOPES);
    return granted.has(scope);
  }

  limitsOf(identity: string): IdentityLimits {
    return this.#entitlementOf(identity).limits;
  }

  #entitlementOf(identity: string): Entitlement {
    return this.#identities.get(identity) ?? this.#default;
  }
}

function entitlementOf({ scopes, rate_limit, max_connections, max_in_flight }: z.output<typeof Entry>): Entitlement {
  return {
    ...(scopes === undefined ? {} : { scopes: new Set(scopes) }),
    limits: {
      ...(rate_limit === undefined ? {} : { rateLimit: rate_limit }),
      ...(max_connections === undefined ? {} : { maxConnections: max_connections }),
      ...(max_in_flight === undefined ? {} : { maxInFlight: max_in_flight }),
    },
  };
}

/** Parses a file's text; each problem names its place. */
export function parseAccess(text: string): ParsedAccess {
  const json = readOperatorJson(text);
  if (!json.ok) return { ok: false, problems: [json.problem] };
  const { value, duplicates } = json;
  const read = AccessSchema.safeParse(value);
  const problems = [
    ...duplicates,
    ...hiddenIdentities(value),
    ...(read.success ? [] : read.error.issues.flatMap((issue) => problemsOf(issue, value))),
  ];
  if (read.success && Object.keys(read.data.identities ?? {}).length > MAX_IDENTITIES) {
    problems.push(`identities: expected at most ${MAX_IDENTITIES} of them`);
  }
  if (!read.success || problems.length > 0) return { ok: false, problems };
  return { ok: true, access: new AccessFile(read.data) };
}

const KNOWN = [...Object.keys(Entry.shape), ...Object.keys(AccessSchema.shape)].join(", ");

function problemsOf(issue: z.core.$ZodIssue, value: unknown): string[] {
  const path = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => `${[...issue.path, key].join(".")}: unknown: known are ${KNOWN}`);
  }
  if (issue.code === "invalid_key") return [`${path}: ${issue.issues[0]?.message ?? issue.message}`];
  const root = z.toJSONSchema(AccessSchema, { io: "input" });
  return [`${path === "" ? "the file" : path}: ${describeIssue(issue, { root, value, isPrivate: true }).problem}`];
}
