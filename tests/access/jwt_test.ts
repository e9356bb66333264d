import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { openJwks } from "../../src/access/jwks.ts";
import { type RefusedToken, type TokenVerdict, TokenVerifier } from "../../src/access/jwt.ts";
import {
  createKey,
  encoded,
  IdentityProvider,
  jwksOf,
  SIGNING_ALGORITHMS,
  type SigningKey,
  signToken,
} from "./identity_provider.ts";
import { anyCharacter } from "../support/any_character.ts";

const NOW = 1_800_000_000_000;
const SECONDS = NOW / 1_000;
const RULES = { issuer: "https://issuer.example", audience: "https://luno.example/mcp" };

const rsa = await createKey("RS256", "rsa");
const ec = await createKey("ES256", "ec");
const attacker = await createKey("RS256", "attacker");

function verifierOf({ text = jwksOf(rsa, ec), now = () => NOW } = {}): TokenVerifier {
  return new TokenVerifier({ keys: openJwks({ text }), rules: RULES, now });
}

type Claims = Readonly<Record<string, unknown>>;

function claimsOf(changes: Claims = {}): Claims {
  return { iss: RULES.issuer, aud: RULES.audience, sub: "alice", iat: SECONDS - 10, exp: SECONDS + 600, ...changes };
}

/** A valid token except for the given changes; `undefined` omits a claim or a header. */
function tokenOf(changes: Claims = {}, { key = rsa, header = {} }: { key?: SigningKey; header?: Claims } = {}) {
  return signToken(key, { header, claims: claimsOf(changes) });
}

function outcome(verdict: TokenVerdict): string {
  return verdict.ok ? "ok" : verdict.reason;
}

const good = await tokenOf();
const [goodHeader = "", goodClaims = "", goodSignature = ""] = good.split(".");

/** A token whose "signature" anybody with the public key can create. */
function hmacToken(secret: string): string {
  const input = `${encoded({ alg: "HS256", typ: "at+jwt", kid: "rsa" })}.${goodClaims}`;
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
}

async function publicPem({ jwk }: SigningKey): Promise<string> {
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("jwk", jwk, algorithm, true, ["verify"]);
  const base64 = new Uint8Array(await crypto.subtle.exportKey("spki", key)).toBase64();
  return `-----BEGIN PUBLIC KEY-----\n${base64.replace(/.{64}/g, "$&\n")}\n-----END PUBLIC KEY-----\n`;
}

const REFUSED: Readonly<Record<string, readonly [RefusedToken["reason"], string]>> = {
  "nothing": ["malformed", ""],
  "no dots": ["malformed", "token"],
  "two parts": ["malformed", `${goodHeader}.${goodClaims}`],
  "an empty header": ["malformed", `.${goodClaims}.${goodSignature}`],
  "empty claims": ["malformed", `${goodHeader}..${goodSignature}`],
  "an empty signature": ["malformed", `${goodHeader}.${goodClaims}.`],
  "the five parts of a JWE": ["malformed", `${encoded({ alg: "RSA-OAEP", enc: "A256GCM" })}.a.a.a.a`],
  "no base64url in the header": ["malformed", `!!!.${goodClaims}.${goodSignature}`],
  "base64 instead of base64url": ["malformed", `${goodHeader}.${goodClaims}.a+/a`],
  "padding": ["malformed", `${goodHeader}.${goodClaims}.${goodSignature}==`],
  "a blank": ["malformed", ` ${good}`],
  "a line break": ["malformed", `${good}\n`],
  "a header that is no JSON": ["malformed", `${encoded("{")}.${goodClaims}.${goodSignature}`],
  "a header that is a list": ["malformed", `${encoded("[]")}.${goodClaims}.${goodSignature}`],
  "claims that are no JSON": ["malformed", await signToken(rsa, { claims: "{" })],
  "claims that are a list": ["malformed", await signToken(rsa, { claims: "[]" })],
  "more than 8192 characters": ["oversized", await tokenOf({ padding: "x".repeat(6_000) })],
  "alg none": ["algorithm", `${encoded({ alg: "none", typ: "at+jwt" })}.${goodClaims}.${goodSignature}`],
  "alg none, without a signature": ["malformed", `${encoded({ alg: "none", typ: "at+jwt" })}.${goodClaims}.`],
  "alg None": ["algorithm", `${encoded({ alg: "None", typ: "at+jwt" })}.${goodClaims}.${goodSignature}`],
  "alg missing": ["algorithm", await tokenOf({}, { header: { alg: undefined } })],
  "alg that is no text": ["algorithm", await tokenOf({}, { header: { alg: ["RS256"] } })],
  "alg in other letters": ["algorithm", await tokenOf({}, { header: { alg: "rs256" } })],
  "HS256 with the public key's PEM": ["algorithm", hmacToken(await publicPem(rsa))],
  "HS256 with the public key's JWK": ["algorithm", hmacToken(JSON.stringify(rsa.jwk))],
  "another algorithm than the key's": ["signature", await tokenOf({}, { header: { alg: "RS512" } })],
  "another kind of key's algorithm": ["signature", await tokenOf({}, { header: { alg: "ES256" } })],
  "typ missing": ["type", await tokenOf({}, { header: { typ: undefined } })],
  "typ of an ID token": ["type", await tokenOf({}, { header: { typ: "id+jwt" } })],
  "typ of a logout token": ["type", await tokenOf({}, { header: { typ: "logout+jwt" } })],
  "typ that is no text": ["type", await tokenOf({}, { header: { typ: ["JWT"] } })],
  "crit": ["malformed", await tokenOf({}, { header: { crit: ["exp"], exp: 1 } })],
  "crit that says that the payload is not encoded": [
    "malformed",
    await tokenOf({}, { header: { crit: ["b64"], b64: false } }),
  ],
  "kid that is no text": ["malformed", await tokenOf({}, { header: { kid: 1 } })],
  "an unknown kid": ["signature", await tokenOf({}, { header: { kid: "unknown" } })],
  "another key's kid": ["signature", await tokenOf({}, { key: attacker, header: { kid: "rsa" } })],
  "a signature cut short": ["signature", good.slice(0, -2)],
  "another token's signature": ["signature", `${goodHeader}.${goodClaims}.${(await tokenOf({ a: 1 })).split(".")[2]}`],
  "changed claims": ["signature", `${goodHeader}.${encoded({ ...claimsOf(), sub: "mallory" })}.${goodSignature}`],
  "exp over": ["expired", await tokenOf({ exp: SECONDS - 5 })],
  "exp missing": ["claims", await tokenOf({ exp: undefined })],
  "exp that is text": ["claims", await tokenOf({ exp: String(SECONDS + 600) })],
  "exp beyond every date": ["claims", await tokenOf({ exp: 1e300 })],
  "exp without an end": [
    "claims",
    await signToken(rsa, { claims: JSON.stringify(claimsOf()).replace(/"exp":\d+/, '"exp":1e999') }),
  ],
  "exp given twice, the last one over": [
    "expired",
    await signToken(rsa, { claims: JSON.stringify(claimsOf()).replace(/}$/, `,"exp":${SECONDS - 60}}`) }),
  ],
  "nbf to come": ["not_yet_valid", await tokenOf({ nbf: SECONDS + 6 })],
  "nbf that is text": ["claims", await tokenOf({ nbf: "now" })],
  "iat to come": ["not_yet_valid", await tokenOf({ iat: SECONDS + 6 })],
  "iat that is text": ["claims", await tokenOf({ iat: "now" })],
  "another issuer": ["issuer", await tokenOf({ iss: "https://other.example" })],
  "an issuer with a slash at its end": ["issuer", await tokenOf({ iss: `${RULES.issuer}/` })],
  "an issuer in a list": ["issuer", await tokenOf({ iss: [RULES.issuer] })],
  "no issuer": ["issuer", await tokenOf({ iss: undefined })],
  "another audience": ["audience", await tokenOf({ aud: "https://other.example" })],
  "an audience that ours begins with": ["audience", await tokenOf({ aud: "https://luno.example" })],
  "an audience that begins with ours": ["audience", await tokenOf({ aud: `${RULES.audience}/2` })],
  "a list without our audience": ["audience", await tokenOf({ aud: ["https://other.example", [RULES.audience]] })],
  "no audience": ["audience", await tokenOf({ aud: undefined })],
  "no sub": ["claims", await tokenOf({ sub: undefined })],
  "an empty sub": ["claims", await tokenOf({ sub: "" })],
  "a sub of 201 characters": ["claims", await tokenOf({ sub: "x".repeat(201) })],
  "a sub with a line break": ["claims", await tokenOf({ sub: "alice\nbob" })],
  "a sub that turns the direction of text": ["claims", await tokenOf({ sub: "alice\u202e" })],
  "a sub with a letter that cannot be seen": ["claims", await tokenOf({ sub: "alice\u3164" })],
  "a sub with a variant of a letter": ["claims", await tokenOf({ sub: "alice\ufe00" })],
  "a sub with a blank before it": ["claims", await tokenOf({ sub: " alice" })],
  "a sub with a blank after it": ["claims", await tokenOf({ sub: "alice " })],
  "a sub with a letter of another script": ["claims", await tokenOf({ sub: "\u0430lice" })],
  "a sub that is not composed": ["claims", await tokenOf({ sub: "Zoe\u0308" })],
  "a sub that is a number": ["claims", await tokenOf({ sub: 1 })],
  "a jti that is a number": ["claims", await tokenOf({ jti: 1 })],
  "a scope of numbers": ["claims", await tokenOf({ scope: [1] })],
  "a key that its holder must prove": [
    "bound",
    await tokenOf({ cnf: { jkt: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" } }),
  ],
  "a certificate that its holder must prove": [
    "bound",
    await tokenOf({ cnf: { "x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2" } }),
  ],
  "an scp of numbers": ["claims", await tokenOf({ scp: [1] })],
};

for (const [name, [reason, token]] of Object.entries(REFUSED)) {
  Deno.test(`TokenVerifier.verify() answers ${reason} for ${name}`, async () => {
    assert.deepEqual(await verifierOf().verify(token), { ok: false, reason });
  });
}

const ACCEPTED: Readonly<Record<string, string>> = {
  "a good token": good,
  "a token with exp over, within the tolerance": await tokenOf({ exp: SECONDS - 4 }),
  "a token with nbf to come, within the tolerance": await tokenOf({ nbf: SECONDS + 5 }),
  "a token with iat to come, within the tolerance": await tokenOf({ iat: SECONDS + 5 }),
  "a token without iat": await tokenOf({ iat: undefined }),
  "a list with our audience": await tokenOf({ aud: ["https://other.example", RULES.audience] }),
  "a sub of 200 characters": await tokenOf({ sub: "é".repeat(200) }),
  "typ application/at+jwt": await tokenOf({}, { header: { typ: "application/at+jwt" } }),
  "typ JWT": await tokenOf({}, { header: { typ: "JWT" } }),
  "typ in other letters": await tokenOf({}, { header: { typ: "AT+JWT" } }),
  "no kid, as only one key fits": await tokenOf({}, { key: ec, header: { kid: undefined } }),
};

for (const [name, token] of Object.entries(ACCEPTED)) {
  Deno.test(`TokenVerifier.verify() accepts ${name}`, async () => {
    assert.equal(outcome(await verifierOf().verify(token)), "ok");
  });
}

for (const alg of SIGNING_ALGORITHMS) {
  Deno.test(`TokenVerifier.verify() accepts ${alg}, and refuses it with another key`, async () => {
    const [key, other] = await Promise.all([createKey(alg, "a"), createKey(alg, "a")]);
    const verifier = verifierOf({ text: jwksOf(key) });
    assert.equal(outcome(await verifier.verify(await tokenOf({}, { key }))), "ok");
    assert.equal(outcome(await verifier.verify(await tokenOf({}, { key: other }))), "signature");
  });
}

const SCOPES: Readonly<Record<string, readonly [Claims, readonly string[]]>> = {
  "a scope as text": [{ scope: "market:read orders:write" }, ["market:read", "orders:write"]],
  "a scope as a list, as Spring writes it": [{ scope: ["market:read", "openid"] }, ["market:read"]],
  "an scp as text": [{ scp: "market:read" }, ["market:read"]],
  "an scp as a list": [{ scp: ["market:read", "account:read"] }, ["market:read", "account:read"]],
  "the scope when there are both": [{ scope: "market:read", scp: ["funds:write"] }, ["market:read"]],
  "known ones only": [{ scope: "openid market:read MARKET:READ market:* " }, ["market:read"]],
  "an element of a list as one": [{ scp: ["market:read funds:write"] }, []],
  "none for none": [{}, []],
  "none for an empty scope": [{ scope: "", scp: "funds:write" }, []],
};

for (const [name, [claims, scopes]] of Object.entries(SCOPES)) {
  Deno.test(`TokenVerifier.verify() reads scopes: ${name}`, async () => {
    const verdict = await verifierOf().verify(await tokenOf(claims));
    assert.deepEqual(verdict.ok && [...verdict.scopes], scopes);
  });
}

Deno.test("TokenVerifier.verify() returns subject, expiry and id, and nothing else of the token", async () => {
  const token = await tokenOf({ jti: "t1", scope: "market:read", email: "alice@example.com" });
  assert.deepEqual(await verifierOf().verify(token), {
    ok: true,
    subject: "alice",
    scopes: new Set(["market:read"]),
    expiresAt: NOW + 600_000,
    tokenId: "t1",
  });
});

Deno.test("TokenVerifier.verify() uses the last of two claims with one name, everywhere", async () => {
  const claims = JSON.stringify(claimsOf({ scope: "funds:write" })).replace(
    /}$/,
    ',"sub":"bob","scope":"market:read"}',
  );
  const verdict = await verifierOf().verify(await signToken(rsa, { claims }));
  assert.deepEqual(verdict.ok && [verdict.subject, ...verdict.scopes], ["bob", "market:read"]);
});

Deno.test("TokenVerifier.verify() uses no key and no address that a token carries", async () => {
  await using provider = new IdentityProvider(rsa, ec);
  const elsewhere = `${provider.url}/attacker`;
  const verifier = new TokenVerifier({ keys: openJwks({ url: provider.jwksUrl }), rules: RULES, now: () => NOW });
  const headers = [{ jwk: attacker.jwk }, { jku: elsewhere }, { x5u: elsewhere }, { x5c: ["MIIB"] }];
  for (const header of headers) {
    for (const kid of ["attacker", "rsa", undefined]) {
      const forged = await tokenOf({}, { key: attacker, header: { ...header, kid } });
      assert.equal(outcome(await verifier.verify(forged)), "signature", JSON.stringify({ ...header, kid }));
      const genuine = await tokenOf({}, { header: { ...header, kid: "rsa" } });
      assert.equal(outcome(await verifier.verify(genuine)), "ok");
    }
  }
  assert.ok(provider.requests.every((path) => path === "/jwks"), provider.requests.join());
});

Deno.test("TokenVerifier.verify() looks up no key when the header alone is reason to refuse", async () => {
  let asked = 0;
  const keys = () => {
    asked++;
    return Promise.reject(new TypeError("no key"));
  };
  const verifier = new TokenVerifier({ keys, rules: RULES, now: () => NOW });
  const names = [
    "the five parts of a JWE",
    "more than 8192 characters",
    "alg none",
    "HS256 with the public key's PEM",
    "HS256 with the public key's JWK",
    "typ missing",
    "crit",
  ];
  for (const name of names) {
    const [reason, token] = REFUSED[name] ?? ["signature", good];
    assert.equal(outcome(await verifier.verify(token)), reason, name);
  }
  assert.equal(asked, 0);
  assert.equal(outcome(await verifier.verify(good)), "signature");
  assert.equal(asked, 1);
});

Deno.test("TokenVerifier.verify() caches a valid token for one minute, and never past its expiry", async () => {
  const clock = { time: NOW };
  let asked = 0;
  const find = openJwks({ text: jwksOf(rsa) });
  const keys: typeof find = (header, token) => {
    asked++;
    return find(header, token);
  };
  const verifier = new TokenVerifier({ keys, rules: { ...RULES, clockToleranceS: 0 }, now: () => clock.time });
  await verifier.verify(good);
  clock.time += 59_999;
  assert.equal(outcome(await verifier.verify(good)), "ok");
  assert.equal(asked, 1);
  clock.time += 1;
  await verifier.verify(good);
  assert.equal(asked, 2);

  const short = await tokenOf({ exp: SECONDS + 90 });
  await verifier.verify(short);
  clock.time += 29_999;
  assert.equal(outcome(await verifier.verify(short)), "ok");
  assert.equal(asked, 3);
  clock.time += 1;
  assert.equal(outcome(await verifier.verify(short)), "expired");
  clock.time = NOW;
  assert.equal(outcome(await verifier.verify(good)), "ok");
  assert.equal(asked, 5);
});

Deno.test("TokenVerifier refuses an invalid tolerance", () => {
  for (const clockToleranceS of [-1, NaN, Infinity]) {
    const rules = { ...RULES, clockToleranceS };
    assert.throws(
      () => new TokenVerifier({ keys: openJwks({ text: jwksOf(rsa) }), rules, now: () => NOW }),
      RangeError,
    );
  }
});

const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

for (const key of [rsa, ec]) {
  Deno.test(`TokenVerifier.verify() refuses a token of ${key.alg} with any one character changed`, async () => {
    const token = await tokenOf({}, { key });
    const verifier = verifierOf();
    assert.equal(outcome(await verifier.verify(token)), "ok");
    const character = fc.oneof(
      fc.constantFrom(...BASE64URL),
      fc.string({ minLength: 0, maxLength: 2, unit: anyCharacter }),
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), character, async (at, other) => {
        fc.pre(other !== token[at]);
        assert.notEqual(outcome(await verifier.verify(token.slice(0, at) + other + token.slice(at + 1))), "ok");
      }),
      { numRuns: 300 },
    );
    // The last character contains bits that no byte needs: a decoder may ignore them, a verification may not.
    for (const other of BASE64URL.replace(token.at(-1) ?? "", "")) {
      assert.notEqual(outcome(await verifier.verify(token.slice(0, -1) + other)), "ok", other);
    }
  });
}

Deno.test("TokenVerifier.verify() never rejects, whatever its input", async () => {
  const verifier = verifierOf();
  const part = fc.oneof(
    fc.string({ unit: anyCharacter }),
    fc.json().map((json) => encoded(json)),
    fc.constant(goodHeader),
  );
  await fc.assert(fc.asyncProperty(fc.array(part, { maxLength: 5 }), async (parts) => {
    assert.equal((await verifier.verify(parts.join("."))).ok, false);
  }));
});
