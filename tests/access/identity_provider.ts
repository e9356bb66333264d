/** An issuer of access tokens on a real socket: it publishes its keys, signs anything on request, and can fail. */

import { Buffer } from "node:buffer";

/** Algorithms of this issuer's keys. */
export type SigningAlgorithm = keyof typeof SIGNATURES;

/** One of an issuer's keys, or an attacker's. */
export interface SigningKey {
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly privateKey: CryptoKey;
  /** The public half, with `kid`, `alg` and `use`. */
  readonly jwk: Readonly<Record<string, unknown>>;
}

/** How an issuer answers requests for its keys: correctly, or by a fault. */
export type Answering = "keys" | "error" | "hang" | "drip" | "flood" | "redirect" | { readonly body: string };

/** Parts of a token; a header or claims given as text are used unchanged, for content that no object can represent. */
export interface TokenParts {
  readonly header?: Readonly<Record<string, unknown>> | string;
  readonly claims: Readonly<Record<string, unknown>> | string;
}

const RSA = { name: "RSASSA-PKCS1-v1_5", modulusLength: 2_048, publicExponent: new Uint8Array([1, 0, 1]) };
const PSS = { ...RSA, name: "RSA-PSS" };

const SIGNATURES = {
  RS256: { key: { ...RSA, hash: "SHA-256" }, sign: { name: RSA.name } },
  RS384: { key: { ...RSA, hash: "SHA-384" }, sign: { name: RSA.name } },
  RS512: { key: { ...RSA, hash: "SHA-512" }, sign: { name: RSA.name } },
  PS256: { key: { ...PSS, hash: "SHA-256" }, sign: { name: PSS.name, saltLength: 32 } },
  PS384: { key: { ...PSS, hash: "SHA-384" }, sign: { name: PSS.name, saltLength: 48 } },
  PS512: { key: { ...PSS, hash: "SHA-512" }, sign: { name: PSS.name, saltLength: 64 } },
  ES256: { key: { name: "ECDSA", namedCurve: "P-256" }, sign: { name: "ECDSA", hash: "SHA-256" } },
  ES384: { key: { name: "ECDSA", namedCurve: "P-384" }, sign: { name: "ECDSA", hash: "SHA-384" } },
  ES512: { key: { name: "ECDSA", namedCurve: "P-521" }, sign: { name: "ECDSA", hash: "SHA-512" } },
  EdDSA: { key: { name: "Ed25519" }, sign: { name: "Ed25519" } },
  Ed25519: { key: { name: "Ed25519" }, sign: { name: "Ed25519" } },
} as const;

/** Every algorithm that {@linkcode createKey} knows. */
export const SIGNING_ALGORITHMS = [
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
] as const satisfies readonly SigningAlgorithm[];

/**
 * Creates a key pair; `modulusLength` applies to RSA keys.
 *
 * @default 2_048
 */
export async function createKey(
  alg: SigningAlgorithm,
  kid: string,
  { modulusLength = RSA.modulusLength }: { modulusLength?: number } = {},
): Promise<SigningKey> {
  const algorithm = "modulusLength" in SIGNATURES[alg].key
    ? { ...SIGNATURES[alg].key, modulusLength }
    : SIGNATURES[alg].key;
  const pair = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new TypeError(`Cannot create key as ${alg} must have two halves`);
  const { kty, crv, n, e, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const jwk = JSON.parse(JSON.stringify({ kty, crv, n, e, x, y, kid, alg, use: "sig" }));
  return { kid, alg, privateKey: pair.privateKey, jwk };
}

/** The private half as a JWK, which nobody should publish. */
export async function privateJwk({ privateKey, kid }: SigningKey): Promise<Record<string, unknown>> {
  return { ...await crypto.subtle.exportKey("jwk", privateKey), kid };
}

/** A JWKS with these keys, as text. */
export function jwksOf(...keys: readonly SigningKey[]): string {
  return JSON.stringify({ keys: keys.map(({ jwk }) => jwk) });
}

/** A signed token; by default its header has the key's `alg` and `kid`, and `typ: at+jwt`. */
export async function signToken(key: SigningKey, { header = {}, claims }: TokenParts): Promise<string> {
  const full = typeof header === "string" ? header : { alg: key.alg, typ: "at+jwt", kid: key.kid, ...header };
  const input = `${encoded(full)}.${encoded(claims)}`;
  const { sign } = SIGNATURES[key.alg];
  const signature = await crypto.subtle.sign(sign, key.privateKey, new TextEncoder().encode(input));
  return `${input}.${Buffer.from(signature).toString("base64url")}`;
}

/** A part of a token. */
export function encoded(part: Readonly<Record<string, unknown>> | string): string {
  return Buffer.from(typeof part === "string" ? part : JSON.stringify(part)).toString("base64url");
}

/** An issuer that serves its keys at `jwksUrl`; disposing ends it, including stalled answers. */
export class IdentityProvider implements AsyncDisposable {
  readonly url: string;
  readonly jwksUrl: URL;
  readonly keys: SigningKey[];
  answering: Answering = "keys";
  /** Requested paths, in order. */
  readonly requests: string[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #over = new AbortController();

  constructor(...keys: readonly SigningKey[]) {
    this.keys = [...keys];
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, signal: this.#over.signal, onListen: () => {} },
      (request) => this.#answer(new URL(request.url).pathname),
    );
    this.url = `http://127.0.0.1:${this.#server.addr.port}`;
    this.jwksUrl = new URL(`${this.url}/jwks`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    await this.#server.finished;
  }

  async #answer(path: string): Promise<Response> {
    this.requests.push(path);
    if (path !== "/jwks") return new Response(jwksOf(...this.keys));
    switch (this.answering) {
      case "keys":
        return new Response(jwksOf(...this.keys));
      case "error":
        return new Response("down", { status: 503 });
      case "redirect":
        return new Response(null, { status: 302, headers: { location: `${this.url}/elsewhere` } });
      case "flood":
        return new Response(JSON.stringify({ keys: this.keys.map(({ jwk }) => jwk), padding: "x".repeat(262_144) }));
      case "drip":
        return new Response(this.#endless());
      case "hang":
        await this.#end();
        return new Response(null);
      default:
        return new Response(this.answering.body);
    }
  }

  /** Sends one byte and no more. */
  #endless(): ReadableStream<Uint8Array> {
    return new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode("{")) });
  }

  #end(): Promise<void> {
    return new Promise((resolve) => this.#over.signal.addEventListener("abort", () => resolve(), { once: true }));
  }
}
