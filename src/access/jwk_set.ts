/** A JSON Web Key Set as text: which of its keys may verify a token, and which one signed this token. */

import { createPublicKey } from "node:crypto";
import { createLocalJWKSet, errors, flattenedVerify } from "jose";
import type { FlattenedJWSInput, JWSHeaderParameters, LocalJWKSet } from "jose";
import { z } from "zod";
import { readJson } from "../text/read_json.ts";
import { isObject } from "../validation/is_object.ts";

/** Signature algorithms of public keys only, so that a key that verifies a token cannot sign one. */
export const SIGNATURE_ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
] as const;

const MAX_KEYS = 100;
const MIN_RSA_BITS = 2_048;
/** The most keys to try when a token does not name one. */
const MAX_TRIED = 16;

/** Private members of a JWK. */
const SECRET_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

const COMMON = {
  kid: z.string().exactOptional(),
  use: z.literal("sig").exactOptional(),
  alg: z.enum(SIGNATURE_ALGORITHMS).exactOptional(),
  key_ops: z.array(z.string()).refine((operations) => operations.includes("verify")).exactOptional(),
};

/** Ignores whatever else a set contains, such as encryption keys or unknown key types. */
const SignatureKey = z.discriminatedUnion("kty", [
  z.object({ ...COMMON, kty: z.literal("RSA"), n: z.string(), e: z.string() }),
  z.object({ ...COMMON, kty: z.literal("EC"), crv: z.enum(["P-256", "P-384", "P-521"]), x: z.string(), y: z.string() }),
  z.object({ ...COMMON, kty: z.literal("OKP"), crv: z.literal("Ed25519"), x: z.string() }),
]);

type SignatureKey = z.output<typeof SignatureKey>;

type VerificationKey = Awaited<ReturnType<LocalJWKSet>>;

const Jwks = z.object({ keys: z.array(z.unknown()).max(MAX_KEYS) });

/** Every problem of a local JWKS file, without quoting its content; empty when it is usable. */
export function checkJwks(text: string): string[] {
  const json = readJson(text);
  if (json === undefined) return ["expected JSON"];
  const jwks = Jwks.safeParse(json);
  if (!jwks.success) return [`expected a JSON object with "keys", a list of at most ${MAX_KEYS} JSON Web Keys`];
  const problems = jwks.data.keys.flatMap((key, index) => {
    if (!isObject(key)) return [];
    if (key.kty === "oct") return [`key ${index + 1}: expected a public key: this one is symmetric`];
    const isSecret = SECRET_MEMBERS.some((member) => Object.hasOwn(key, member));
    return isSecret ? [`key ${index + 1}: expected a public key: this one is private`] : [];
  });
  if (problems.length > 0 || signatureKeys(jwks.data.keys).length > 0) return problems;
  return ["expected a public key that verifies signatures: RSA of at least 2048 bits, P-256, P-384, P-521 or Ed25519"];
}

/** The keys of a set. */
export interface KeySet {
  readonly all: LocalJWKSet;
  /** Those without a name, if there are any. */
  readonly unnamed: LocalJWKSet | undefined;
}

/**
 * The key that a token names; when it names none, or several keys share the name, or only keys without a name are left, the one that
 * signed it.
 */
export async function selectKey(
  { all, unnamed }: KeySet,
  header: JWSHeaderParameters,
  token: FlattenedJWSInput,
): ReturnType<LocalJWKSet> {
  const { kid, ...nameless } = header;
  let candidates: Iterable<VerificationKey> | AsyncIterable<VerificationKey>;
  try {
    const key = await all(header, token);
    if (kid !== undefined) return key;
    candidates = [key];
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey && kid !== undefined && unnamed !== undefined) {
      return await selectKey({ all: unnamed, unnamed: undefined }, nameless, token);
    }
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    candidates = error;
  }
  let tried = 0;
  for await (const key of candidates) {
    if (++tried > MAX_TRIED) break;
    if (await isSignedWith(key, token)) return key;
  }
  throw new errors.JWKSNoMatchingKey();
}

async function isSignedWith(key: VerificationKey, token: FlattenedJWSInput): Promise<boolean> {
  try {
    await flattenedVerify(token, key);
    return true;
  } catch (error) {
    if (error instanceof errors.JWSSignatureVerificationFailed) return false;
    throw error;
  }
}

/**
 * The keys of a set in text form.
 *
 * @throws {TypeError} when it has a problem: see {@linkcode checkJwks}
 */
export function readJwks(text: string): KeySet {
  const problems = checkJwks(text);
  if (problems.length > 0) throw new TypeError(`Cannot use JWKS as it has problems: ${problems.join(", ")}`);
  const keys = signatureKeys(Jwks.parse(readJson(text)).keys);
  const unnamed = keys.filter(({ kid }) => kid === undefined);
  return {
    all: createLocalJWKSet({ keys }),
    unnamed: unnamed.length === 0 ? undefined : createLocalJWKSet({ keys: unnamed }),
  };
}

/** Copies only what verification needs, so that no other member of a key has an effect. */
function signatureKeys(keys: readonly unknown[]): SignatureKey[] {
  return keys.flatMap((key) => {
    if (!isObject(key)) return [];
    const read = SignatureKey.safeParse(Object.fromEntries(Object.entries(key).filter(([, value]) => value !== null)));
    return read.success && isSound(read.data) ? [read.data] : [];
  });
}

function isSound(key: SignatureKey): boolean {
  try {
    const { asymmetricKeyDetails } = createPublicKey({ key, format: "jwk" });
    return key.kty !== "RSA" || (asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS;
  } catch {
    return false;
  }
}
