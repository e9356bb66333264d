/** A set of public keys (JWKS) as text: which of them may verify a token, and which of those signed this one. */

import { createPublicKey } from "node:crypto";
import { createLocalJWKSet, errors, flattenedVerify } from "jose";
import type { FlattenedJWSInput, JWSHeaderParameters, LocalJWKSet } from "jose";
import { z } from "zod";
import { readJson } from "../text/read_json.ts";
import { isObject } from "../validation/is_object.ts";

/** What a token may be signed with: public keys only, so that whoever can verify a token cannot make one. */
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
/** Keys that a token is tried with when it does not say which one. */
const MAX_TRIED = 16;

/** Members of a JWK that only its owner should know. */
const SECRET_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

const COMMON = {
  kid: z.string().exactOptional(),
  use: z.literal("sig").exactOptional(),
  alg: z.enum(SIGNATURE_ALGORITHMS).exactOptional(),
  key_ops: z.array(z.string()).refine((operations) => operations.includes("verify")).exactOptional(),
};

/** Whatever else is in a set, such as keys for encryption or of kinds that are not known here, is left out. */
const SignatureKey = z.discriminatedUnion("kty", [
  z.object({ ...COMMON, kty: z.literal("RSA"), n: z.string(), e: z.string() }),
  z.object({ ...COMMON, kty: z.literal("EC"), crv: z.enum(["P-256", "P-384", "P-521"]), x: z.string(), y: z.string() }),
  z.object({ ...COMMON, kty: z.literal("OKP"), crv: z.literal("Ed25519"), x: z.string() }),
]);

type SignatureKey = z.output<typeof SignatureKey>;

type VerificationKey = Awaited<ReturnType<LocalJWKSet>>;

const Jwks = z.object({ keys: z.array(z.unknown()).max(MAX_KEYS) });

/** Every problem of a local JWKS file, each without any of its content; none when it can be used. */
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

/** The key that a token names or, where it names none or several keys share the name, the one that it is signed with. */
export async function selectKey(
  keys: LocalJWKSet,
  header: JWSHeaderParameters,
  token: FlattenedJWSInput,
): ReturnType<LocalJWKSet> {
  let candidates: Iterable<VerificationKey> | AsyncIterable<VerificationKey>;
  try {
    const key = await keys(header, token);
    if (header.kid !== undefined) return key;
    candidates = [key];
  } catch (error) {
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
 * The keys of a set as text.
 *
 * @throws {TypeError} when it has a problem: see {@linkcode checkJwks}
 */
export function readJwks(text: string): LocalJWKSet {
  const problems = checkJwks(text);
  if (problems.length > 0) throw new TypeError(`Cannot use JWKS as it has problems: ${problems.join(", ")}`);
  return createLocalJWKSet({ keys: signatureKeys(Jwks.parse(readJson(text)).keys) });
}

/** Copies what verifying needs, so that nothing else in a key can matter. */
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
