import assert from "node:assert/strict";
import { checkJwks } from "../../src/access/jwk_set.ts";
import { type JwksOptions, KeysUnavailableError, openJwks } from "../../src/access/jwks.ts";
import { type TokenVerdict, TokenVerifier } from "../../src/access/jwt.ts";
import { LogRecords } from "../support/log_records.ts";
import { createKey, IdentityProvider, jwksOf, privateJwk, type SigningKey, signToken } from "./identity_provider.ts";

const NOW = 1_800_000_000_000;
const SECONDS = NOW / 1_000;
const ISSUER = "https://issuer.example";
const AUDIENCE = "https://luno.example/mcp";

const oldKey = await createKey("ES256", "old");
const newKey = await createKey("Ed25519", "new");
const strangeKey = await createKey("ES256", "strange");
const SECRET = { kty: "oct", kid: "shared", k: "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA" };

let issued = 0;

/** A token that was not seen before, so that no result is cached. */
function tokenOf(key: SigningKey, header: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const claims = { iss: ISSUER, aud: AUDIENCE, sub: "alice", exp: SECONDS + 600, jti: `t${++issued}` };
  return signToken(key, { header, claims });
}

/** Verifies with the provider's keys; `clock.time` is in monotonic milliseconds. */
function verifierOf({ jwksUrl }: IdentityProvider, options: Pick<JwksOptions, "timeoutMs" | "prefetch"> = {}) {
  const clock = { time: 5_000 };
  const keys = openJwks({ url: jwksUrl }, { ...options, now: () => clock.time });
  const verifier = new TokenVerifier({ keys, rules: { issuer: ISSUER, audience: AUDIENCE }, now: () => NOW });
  return {
    clock,
    verify: async (key: SigningKey, header: Readonly<Record<string, unknown>> = {}): Promise<TokenVerdict> =>
      await verifier.verify(await tokenOf(key, header)),
  };
}

function outcome(verdict: TokenVerdict): string {
  return verdict.ok ? "ok" : verdict.reason;
}

Deno.test("openJwks() fetches once for many concurrent look-ups, and not before the first", async () => {
  await using provider = new IdentityProvider(oldKey);
  const { verify } = verifierOf(provider);
  assert.deepEqual(provider.requests, []);
  const verdicts = await Promise.all(Array.from({ length: 50 }, () => verify(oldKey)));
  assert.ok(verdicts.every(({ ok }) => ok));
  assert.deepEqual(provider.requests, ["/jwks"]);
});

Deno.test("openJwks() fetches once for many unknown keys at the same time", async () => {
  await using provider = new IdentityProvider(oldKey);
  const { verify, clock } = verifierOf(provider);
  await verify(oldKey);
  provider.keys.push(newKey);
  clock.time += 1_000;
  const verdicts = await Promise.all(Array.from({ length: 50 }, () => verify(newKey)));
  assert.ok(verdicts.every(({ ok }) => ok));
  assert.equal(provider.requests.length, 2);
});

Deno.test("openJwks() finds a new key one second after the previous fetch, and forgets a withdrawn one when the cache expires", async () => {
  await using provider = new IdentityProvider(oldKey);
  const { verify, clock } = verifierOf(provider);
  assert.equal(outcome(await verify(oldKey)), "ok");
  provider.keys.splice(0, 1, newKey);
  clock.time += 999;
  assert.equal(outcome(await verify(newKey)), "signature");
  assert.equal(provider.requests.length, 1);
  clock.time += 1;
  assert.equal(outcome(await verify(newKey)), "ok");
  clock.time += 1_000;
  assert.equal(outcome(await verify(oldKey)), "signature");
  assert.equal(provider.requests.length, 3);

  provider.keys.splice(0, 1, oldKey);
  clock.time += 599_999;
  assert.equal(outcome(await verify(newKey)), "ok");
  assert.equal(provider.requests.length, 3);
  clock.time += 1;
  assert.equal(outcome(await verify(newKey)), "signature");
  assert.equal(provider.requests.length, 4);
});

Deno.test("openJwks() finds a new key right after an unknown one", async () => {
  await using provider = new IdentityProvider(oldKey);
  const { verify, clock } = verifierOf(provider);
  await verify(oldKey);
  clock.time += 5_000;
  assert.equal(outcome(await verify(strangeKey)), "signature");
  provider.keys.push(newKey);
  clock.time += 1_000;
  assert.equal(outcome(await verify(newKey)), "ok");
});

Deno.test("openJwks() repeats the look-up of an unknown name after 30 seconds, and never fetches more than once a second", async () => {
  await using provider = new IdentityProvider(oldKey);
  const { verify, clock } = verifierOf(provider);
  await verify(oldKey);
  for (let second = 0; second < 29; second++) {
    clock.time += 1_000;
    assert.equal(outcome(await verify(strangeKey)), "signature");
  }
  assert.equal(provider.requests.length, 2);
  const others = Array.from({ length: 20 }, (_, index) => ({ ...strangeKey, kid: `other ${index}` }));
  for (const other of others) {
    clock.time += 100;
    await verify(other);
  }
  assert.equal(provider.requests.length, 4);
  clock.time += 30_000;
  provider.keys.push(strangeKey);
  assert.equal(outcome(await verify(strangeKey)), "ok");
});

Deno.test("openJwks() keeps its keys when an unknown key cannot be looked up, and says when to retry", async () => {
  await using provider = new IdentityProvider(oldKey);
  const { verify, clock } = verifierOf(provider);
  await verify(oldKey);
  provider.keys.push(newKey);
  provider.answering = "error";
  clock.time += 30_000;
  assert.deepEqual(await verify(newKey), { ok: false, reason: "keys_unavailable", retryAfterMs: 5_000 });
  clock.time += 2_000;
  assert.deepEqual(await verify(newKey), { ok: false, reason: "keys_unavailable", retryAfterMs: 3_000 });
  assert.equal(outcome(await verify(oldKey)), "ok");
  assert.equal(provider.requests.length, 2);
  provider.answering = "keys";
  clock.time += 3_000;
  assert.equal(outcome(await verify(newKey)), "ok");
});

Deno.test("openJwks() tries keys without a key id for a token that names an unknown one", async () => {
  const [first, second, named] = [await createKey("ES256", "1"), await createKey("ES256", "2"), oldKey];
  const { keys: written } = JSON.parse(jwksOf(first, second, named));
  const keys = openJwks({
    text: JSON.stringify({
      keys: written.map((key: { kid: string }) => key.kid === "old" ? key : { ...key, kid: undefined }),
    }),
  });
  const verifier = new TokenVerifier({ keys, rules: { issuer: ISSUER, audience: AUDIENCE }, now: () => NOW });
  for (const key of [first, second, named]) assert.equal(outcome(await verifier.verify(await tokenOf(key))), "ok");
  assert.equal(outcome(await verifier.verify(await tokenOf(named, { kid: "1" }))), "signature");
  assert.equal(outcome(await verifier.verify(await tokenOf(strangeKey))), "signature");
});

Deno.test("openJwks() finds the key of a token that names no key, or whose name several keys share", async () => {
  const rsa = [await createKey("RS256", "same"), await createKey("RS256", "same"), await createKey("RS256", "other")];
  const keys = openJwks({ text: jwksOf(oldKey, ...rsa) });
  const verifier = new TokenVerifier({ keys, rules: { issuer: ISSUER, audience: AUDIENCE }, now: () => NOW });
  for (const key of rsa) {
    assert.equal(outcome(await verifier.verify(await tokenOf(key, { kid: undefined }))), "ok");
    assert.equal(outcome(await verifier.verify(await tokenOf(key))), "ok");
  }
  const stranger = await createKey("RS256", "same");
  assert.equal(outcome(await verifier.verify(await tokenOf(stranger))), "signature");
  assert.equal(outcome(await verifier.verify(await tokenOf(stranger, { kid: undefined }))), "signature");
});

Deno.test("openJwks() finds a new key for tokens that name no key", async () => {
  await using provider = new IdentityProvider(oldKey);
  const { verify, clock } = verifierOf(provider);
  const otherKey = await createKey("ES256", "other");
  assert.equal(outcome(await verify(oldKey, { kid: undefined })), "ok");
  provider.keys.splice(0, 1, otherKey);
  clock.time += 1_000;
  assert.equal(outcome(await verify(otherKey, { kid: undefined })), "ok");
});

Deno.test("openJwks() skips invalid members of a set and keeps the others", async () => {
  const odd = [{}, null, 7, "key", [], { kty: null }, { kty: "RSA" }, { ...newKey.jwk, kid: 7 }];
  const text = JSON.stringify({ keys: [...odd, { ...oldKey.jwk, use: null, alg: null, x5c: null }], next: null });
  assert.deepEqual(checkJwks(text), []);
  const keys = openJwks({ text });
  const verifier = new TokenVerifier({ keys, rules: { issuer: ISSUER, audience: AUDIENCE }, now: () => NOW });
  assert.equal(outcome(await verifier.verify(await tokenOf(oldKey))), "ok");
  assert.equal(outcome(await verifier.verify(await tokenOf(newKey))), "signature");
});

const WRONG_ANSWERS = {
  "a status other than 200": "error",
  "no answer in time": "hang",
  "an answer without an end": "drip",
  "too large an answer": "flood",
  "a redirect": "redirect",
  "no JSON": { body: "<html>" },
  "JSON that is no JWKS": { body: '{"keys":{}}' },
  "no keys": { body: '{"keys":[]}' },
  "a symmetric key beside a good one": { body: JSON.stringify({ keys: [oldKey.jwk, SECRET] }) },
  "a private key beside a good one": { body: JSON.stringify({ keys: [oldKey.jwk, await privateJwk(newKey)] }) },
} as const;

for (const [name, answering] of Object.entries(WRONG_ANSWERS)) {
  const isSlow = answering === "hang" || answering === "drip";
  const end = isSlow ? "" : ", and recovers";
  Deno.test(`openJwks() answers keys_unavailable after ${name}, and does not fetch again for a while${end}`, async () => {
    await using provider = new IdentityProvider(oldKey);
    const { verify, clock } = verifierOf(provider, isSlow ? { timeoutMs: 1_000 } : {});
    provider.answering = answering;
    assert.deepEqual(await verify(oldKey), { ok: false, reason: "keys_unavailable", retryAfterMs: 5_000 });
    provider.answering = "keys";
    clock.time += 4_999;
    assert.deepEqual(await verify(oldKey), { ok: false, reason: "keys_unavailable", retryAfterMs: 1 });
    assert.deepEqual(provider.requests, ["/jwks"]);
    if (isSlow) return;
    clock.time += 1;
    assert.equal(outcome(await verify(oldKey)), "ok");
  });
}

Deno.test("openJwks() with prefetch logs once that the keys cannot be fetched, before any token arrives, and once that they can be again", async () => {
  await using provider = new IdentityProvider(oldKey);
  using log = LogRecords.start();
  provider.answering = "error";
  const { verify, clock } = verifierOf(provider, { prefetch: true });
  const { properties } = await log.next("cannot fetch issuer keys; access tokens are rejected");
  assert.equal(properties.url, provider.jwksUrl.href);
  assert.match(String(properties.reason), /status 200/);
  clock.time += 5_000;
  assert.equal(outcome(await verify(oldKey)), "keys_unavailable");
  provider.answering = "keys";
  clock.time += 5_000;
  assert.equal(outcome(await verify(oldKey)), "ok");
  assert.deepEqual(log.messages, [
    "cannot fetch issuer keys; access tokens are rejected",
    "issuer keys fetched again",
  ]);
});

Deno.test("openJwks() answers keys_unavailable when nothing listens at the address", async () => {
  const provider = new IdentityProvider(oldKey);
  await provider[Symbol.asyncDispose]();
  assert.equal(outcome(await verifierOf(provider).verify(oldKey)), "keys_unavailable");
});

Deno.test("openJwks() reads a local file, and throws when the file has a problem", async () => {
  const keys = openJwks({ text: jwksOf(oldKey) });
  const verifier = new TokenVerifier({ keys, rules: { issuer: ISSUER, audience: AUDIENCE }, now: () => NOW });
  assert.equal(outcome(await verifier.verify(await tokenOf(oldKey))), "ok");
  assert.equal(outcome(await verifier.verify(await tokenOf(newKey))), "signature");
  assert.throws(() => openJwks({ text: JSON.stringify({ keys: [SECRET] }) }), TypeError);
});

Deno.test("openJwks() skips keys that are not for signatures, and keys of unknown kinds", async () => {
  const forEncryption = { ...newKey.jwk, use: "enc" };
  const text = JSON.stringify({ keys: [forEncryption, { kty: "NEW", kid: "future" }, oldKey.jwk] });
  assert.deepEqual(checkJwks(text), []);
  const verifier = new TokenVerifier({
    keys: openJwks({ text }),
    rules: { issuer: ISSUER, audience: AUDIENCE },
    now: () => NOW,
  });
  assert.equal(outcome(await verifier.verify(await tokenOf(oldKey))), "ok");
  assert.equal(outcome(await verifier.verify(await tokenOf(newKey))), "signature");
});

const NO_SIGNATURE_KEY = /^expected a public key that verifies signatures/;
const weakKey = await createKey("RS256", "weak", { modulusLength: 1_024 });
const PROBLEMS: Readonly<Record<string, { text: string; problems: readonly RegExp[] }>> = {
  "a good file": { text: jwksOf(oldKey, newKey), problems: [] },
  "no JSON": { text: "{", problems: [/^expected JSON$/] },
  "an empty file": { text: "", problems: [/^expected JSON$/] },
  "no object": { text: "null", problems: [/^expected a JSON object with "keys"/] },
  "a single key": { text: JSON.stringify(oldKey.jwk), problems: [/^expected a JSON object with "keys"/] },
  "too many keys": {
    text: JSON.stringify({ keys: Array.from({ length: 101 }, () => oldKey.jwk) }),
    problems: [/at most 100/],
  },
  "no keys": { text: '{"keys":[]}', problems: [NO_SIGNATURE_KEY] },
  "a weak key": { text: jwksOf(weakKey), problems: [NO_SIGNATURE_KEY] },
  "a broken key": { text: JSON.stringify({ keys: [{ ...oldKey.jwk, x: "AAAA" }] }), problems: [NO_SIGNATURE_KEY] },
  "a key for another algorithm": {
    text: JSON.stringify({ keys: [{ ...oldKey.jwk, alg: "ECDH-ES" }] }),
    problems: [NO_SIGNATURE_KEY],
  },
  "symmetric and private keys": {
    text: JSON.stringify({ keys: [SECRET, oldKey.jwk, await privateJwk(newKey)] }),
    problems: [/^key 1: .* symmetric$/, /^key 3: .* private$/],
  },
};

for (const [name, { text, problems }] of Object.entries(PROBLEMS)) {
  Deno.test(`checkJwks() finds ${problems.length} problems with ${name}, and quotes nothing of it`, () => {
    const found = checkJwks(text);
    assert.equal(found.length, problems.length, found.join());
    for (const [index, problem] of problems.entries()) assert.match(found[index] ?? "", problem);
    assert.ok(!found.join().includes(SECRET.k));
  });
}

Deno.test("KeysUnavailableError keeps the reason in its cause only", async () => {
  await using provider = new IdentityProvider();
  const find = openJwks({ url: provider.jwksUrl });
  await assert.rejects(
    async () => await find({ alg: "ES256" }, { payload: "", signature: "" }),
    (error) => error instanceof KeysUnavailableError && !error.message.includes(provider.url) && error.cause !== null,
  );
});
