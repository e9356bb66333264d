/**
 * Checks access tokens in JWT form (RFC 9068) by the recommendations of RFC 8725. Takes no key and no address from a
 * token, and never forwards a token; `jwks.ts` decides which keys count.
 */

import { base64url, decodeProtectedHeader, errors, jwtVerify } from "jose";
import type { JWTPayload } from "jose";
import { z } from "zod";
import { Subject } from "./identity_name.ts";
import { SIGNATURE_ALGORITHMS } from "./jwk_set.ts";
import { type FindKey, KeysUnavailableError } from "./jwks.ts";
import { isScope, type Scope } from "./scopes.ts";
import { VerifiedTokens } from "./verified_tokens.ts";

/** The required claims of a token, besides a signature by one of the issuer's keys. */
export interface TokenRules {
  /** Compared exactly, including a trailing slash. */
  readonly issuer: string;
  /** Must equal or be among the token's audiences. */
  readonly audience: string;
  /**
   * Tolerated difference to the issuer's clock, in seconds.
   *
   * @default {5}
   */
  readonly clockToleranceS?: number;
}

/** The grant of a valid token. */
export interface VerifiedToken {
  readonly ok: true;
  /** 1 to 200 printable characters. */
  readonly subject: string;
  readonly scopes: ReadonlySet<Scope>;
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number;
  /** The token's `jti`: 1 to 200 printable characters. */
  readonly tokenId?: string;
}

/** Why a token is rejected; `keys_unavailable` says nothing about the token, which may be valid later. */
export type RefusedToken =
  | {
    readonly ok: false;
    readonly reason:
      | "malformed"
      | "oversized"
      | "algorithm"
      | "type"
      | "signature"
      | "issuer"
      | "audience"
      | "expired"
      | "not_yet_valid"
      | "bound"
      | "claims";
  }
  | { readonly ok: false; readonly reason: "keys_unavailable"; readonly retryAfterMs: number };

/** A valid token, or why it is rejected; contains no text of the token but its subject and id. */
export type TokenVerdict = VerifiedToken | RefusedToken;

/** Settings of a {@linkcode TokenVerifier}. */
export interface TokenVerifierOptions {
  readonly keys: FindKey;
  readonly rules: TokenRules;
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly now: () => number;
}

type RefusalReason = Exclude<RefusedToken["reason"], "keys_unavailable">;

/** In characters; larger than any token that fits common limits of headers. */
const MAX_LENGTH = 8_192;

const ALGORITHMS: readonly string[] = SIGNATURE_ALGORITHMS;

/** Many issuers still write `JWT`; an ID token is then told apart by its audience. */
const TYPES: readonly string[] = ["at+jwt", "application/at+jwt", "jwt"];

/** No control, formatting, private or invisible characters. */
const Printable = z.string().regex(/^(?:(?!\p{DI})[\p{L}\p{M}\p{N}\p{P}\p{S} ]){1,200}$/u);

/** Words in one text or, as some issuers write them, in a list. */
const Granted = z.union([z.string(), z.array(z.string())]).optional();

const Claims = z.object({
  sub: Subject,
  /** Up to the last second that a date can represent. */
  exp: z.number().max(8_640_000_000_000),
  iat: z.number().optional(),
  jti: Printable.optional(),
  scope: Granted,
  scp: Granted,
});

/** Checks tokens of one issuer for one audience; remembers a valid token for at most a minute. */
export class TokenVerifier {
  readonly #options: TokenVerifierOptions;
  readonly #toleranceS: number;
  readonly #verified: VerifiedTokens<VerifiedToken>;

  constructor(options: TokenVerifierOptions) {
    this.#options = options;
    this.#toleranceS = options.rules.clockToleranceS ?? 5;
    this.#verified = new VerifiedTokens(options.now);
    if (!Number.isFinite(this.#toleranceS) || this.#toleranceS < 0) {
      throw new RangeError(
        `Cannot build verifier as clockToleranceS must be >= 0: current value is ${this.#toleranceS}`,
      );
    }
  }

  /** Checks a token; never rejects, and does not keep the token afterwards. */
  async verify(token: string): Promise<TokenVerdict> {
    if (token.length > MAX_LENGTH) return refused("oversized");
    const known = this.#verified.get(token);
    if (known !== undefined) return known;
    const verdict = checkHeader(token) ?? await this.#checkSigned(token);
    if (verdict.ok) this.#verified.add(token, verdict);
    return verdict;
  }

  async #checkSigned(token: string): Promise<TokenVerdict> {
    const { keys, rules, now } = this.#options;
    const currentDate = new Date(now());
    try {
      const { payload } = await jwtVerify(token, keys, {
        algorithms: [...ALGORITHMS],
        issuer: rules.issuer,
        audience: rules.audience,
        clockTolerance: this.#toleranceS,
        requiredClaims: ["exp", "sub"],
        currentDate,
      });
      return readClaims(payload, { latestIssue: currentDate.getTime() / 1_000 + this.#toleranceS });
    } catch (error) {
      return refusalOf(error);
    }
  }
}

/** Rejects what needs no key to tell, above all an algorithm that would turn a public key into a shared secret. */
function checkHeader(token: string): RefusedToken | undefined {
  const parts = token.split(".");
  if (parts.length !== 3 || !parts.every(isBase64url)) return refused("malformed");
  try {
    const { alg, typ, kid, crit } = decodeProtectedHeader(token);
    if (crit !== undefined || (kid !== undefined && typeof kid !== "string")) return refused("malformed");
    if (alg === undefined || !ALGORITHMS.includes(alg)) return refused("algorithm");
    return typeof typ === "string" && TYPES.includes(typ.toLowerCase()) ? undefined : refused("type");
  } catch {
    return refused("malformed");
  }
}

/** Only one text encodes the same bytes, so that a token cannot be varied without becoming invalid. */
function isBase64url(part: string): boolean {
  try {
    return part !== "" && base64url.encode(base64url.decode(part)) === part;
  } catch {
    return false;
  }
}

/** When a claim occurs twice, the last one counts (RFC 7519, section 4). */
function readClaims(payload: JWTPayload, { latestIssue }: { latestIssue: number }): TokenVerdict {
  const claims = Claims.safeParse(payload);
  if (!claims.success) return refused("claims");
  const { sub, exp, iat, jti, scope, scp } = claims.data;
  if (iat !== undefined && iat > latestIssue) return refused("not_yet_valid");
  // Only who proves to hold a key may use it (RFC 7800, 8705, 9449), and nobody here asks for the proof.
  if (payload["cnf"] !== undefined && payload["cnf"] !== null) return refused("bound");
  const granted = scope ?? scp ?? [];
  const scopes = new Set((typeof granted === "string" ? granted.split(" ") : granted).filter(isScope));
  return { ok: true, subject: sub, scopes, expiresAt: exp * 1_000, ...(jti === undefined ? {} : { tokenId: jti }) };
}

function refusalOf(error: unknown): RefusedToken {
  if (error instanceof KeysUnavailableError) {
    return { ok: false, reason: "keys_unavailable", retryAfterMs: error.retryAfterMs };
  }
  if (error instanceof errors.JWTExpired) return refused("expired");
  if (error instanceof errors.JWTClaimValidationFailed) return refused(claimReason(error));
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) return refused("malformed");
  return refused("signature");
}

function claimReason({ claim, reason }: errors.JWTClaimValidationFailed): RefusalReason {
  if (claim === "iss") return "issuer";
  if (claim === "aud") return "audience";
  return claim === "nbf" && reason === "check_failed" ? "not_yet_valid" : "claims";
}

function refused(reason: RefusalReason): RefusedToken {
  return { ok: false, reason };
}
