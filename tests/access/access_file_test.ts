import assert from "node:assert/strict";
import { AccessFile, parseAccess } from "../../src/access/access_file.ts";
import type { Credential, Source } from "../../src/access/caller.ts";
import { parsePolicyFile } from "../../src/trading/policy/policy_file.ts";
import { ALL_SCOPES, SCOPES } from "../../src/access/scopes.ts";

function accessOf(value: unknown): AccessFile {
  const parsed = parseAccess(JSON.stringify(value));
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.access;
}

function problemsOf(value: unknown): readonly string[] {
  const parsed = parseAccess(typeof value === "string" ? value : JSON.stringify(value));
  return parsed.ok ? [] : parsed.problems;
}

function granted(access: AccessFile, identity: string, source: Source = "key"): string[] {
  const credential: Credential = { identity, source, scopes: ALL_SCOPES };
  return SCOPES.filter((scope) => access.allows(credential, scope));
}

Deno.test("AccessFile with neither an entry nor a default grants all that the credential says, and market data to certificates", () => {
  for (const access of [new AccessFile(), accessOf({}), accessOf({ identities: { "key:bob": { scopes: [] } } })]) {
    assert.deepEqual(granted(access, "key:ann"), SCOPES);
    assert.deepEqual(granted(access, "cert:urn:ann", "certificate"), ["market:read"]);
  }
});

Deno.test("AccessFile.allows() uses the identity's entry, then the default, member by member", () => {
  const access = accessOf({
    default: { scopes: ["market:read"] },
    identities: { "key:ann": { scopes: ["orders:write"] }, "key:bob": { rate_limit: 5 }, "key:cyd": { scopes: [] } },
  });
  assert.deepEqual(granted(access, "key:ann"), ["orders:write"]);
  assert.deepEqual(granted(access, "key:bob"), ["market:read"]);
  assert.deepEqual(granted(access, "key:cyd"), []);
  assert.deepEqual(granted(access, "token:ann", "token"), ["market:read"]);
});

Deno.test("AccessFile.allows() gives a certificate the scopes that its entry or the default names", () => {
  const access = accessOf({
    default: { scopes: ["market:read", "account:read"] },
    identities: { "cert:spiffe://example/bot": { scopes: ["orders:write"] } },
  });
  assert.deepEqual(granted(access, "cert:spiffe://example/bot", "certificate"), ["orders:write"]);
  assert.deepEqual(granted(access, "cert:other.example", "certificate"), ["market:read", "account:read"]);
});

Deno.test("AccessFile matches an identity by its exact name, including names that every object inherits", () => {
  const access = accessOf({ default: { scopes: [] }, identities: { "key:ann": { scopes: ["market:read"] } } });
  for (const identity of ["key:an", "key:anna", "key:Ann", "KEY:ann", "token:ann", "__proto__", "constructor"]) {
    assert.deepEqual(granted(access, identity), [], identity);
  }
});

Deno.test("AccessFile.limitsOf() merges the default's limits with the identity's own", () => {
  const access = accessOf({
    default: { rate_limit: 60, max_connections: 2 },
    identities: { "key:ann": { max_connections: 9, max_in_flight: 3 } },
  });
  assert.deepEqual(access.limitsOf("key:ann"), { rateLimit: 60, maxConnections: 9, maxInFlight: 3 });
  assert.deepEqual(access.limitsOf("key:bob"), { rateLimit: 60, maxConnections: 2 });
  assert.deepEqual(new AccessFile().limitsOf("key:bob"), {});
});

Deno.test("parseAccess() accepts every kind of identity", () => {
  const names = [
    "local",
    "key:ann@example.org",
    "token:auth0|1",
    "token:Zoë Smith",
    "cert:spiffe://a/b",
    "address:2001:db8:0:0::/64",
  ];
  assert.deepEqual(problemsOf({ identities: Object.fromEntries(names.map((name) => [name, {}])) }), []);
});

Deno.test("parseAccess() reports every problem at once, each with its place", () => {
  const problems = problemsOf({
    defaults: {},
    default: { scopes: ["market:write"], rate_limit: 0 },
    identities: { ann: {}, "key:bob": { max_in_flight: "3", scope: [] }, "key:": {} },
  });
  const expected = [
    /^defaults: unknown: known are /,
    /^default\.scopes\.0: /,
    /^default\.rate_limit: /,
    /^identities\.ann: expected local, key:NAME/,
    /^identities\.key:bob\.max_in_flight: /,
    /^identities\.key:bob\.scope: unknown/,
    /^identities\.key:: expected local, key:NAME/,
  ];
  for (const pattern of expected) assert.ok(problems.some((problem) => pattern.test(problem)), `${pattern}`);
  assert.equal(problems.length, expected.length, problems.join("\n"));
});

/** Names that no credential can have, or that resemble another name. */
const ODD_NAMES = [
  "__proto__",
  "constructor",
  "toString",
  "",
  "Local",
  " local",
  "local ",
  "key: ann",
  "key:ann ",
  "key:ann/bob",
  "key:\u0430nn",
  "key:ann\u200b",
  "key:\uff41nn",
  "cert:urn:a b",
  "address:localhost",
  "token: ann",
  "token:ann ",
  "token:\u00a0ann",
  "token:a\u00adnn",
  "token:a\u202enn",
  "token:\u3164",
  "token:\u0430nn",
  "token:Zoe\u0308",
];

for (const name of ODD_NAMES) {
  Deno.test(`parseAccess() and parsePolicyFile() refuse the identity ${JSON.stringify(name)}`, () => {
    const text = `{"identities":{${JSON.stringify(name)}:{}}}`;
    assert.match(problemsOf(text).join("\n"), /^identities\..*: expected /);
    const policy = parsePolicyFile(text);
    assert.match(policy.ok ? "" : policy.problems.join("\n"), /^identities\..*: expected /);
  });
}

Deno.test("parseAccess() refuses duplicate entries, since only one of them could apply", () => {
  const text = '{"identities":{"key:ann":{"scopes":[]},"key:\\u0061nn":{}},"default":{},"default":{"scopes":[]}}';
  assert.deepEqual(problemsOf(text), [
    "identities.key:ann: expected once: it is repeated",
    "default: expected once: it is repeated",
  ]);
});

const NO_FILE: Readonly<Record<string, string>> = {
  "nothing": "",
  "no JSON": "{",
  "a list": "[]",
  "null": "null",
  "a text": '"key:ann"',
  "identities as a list": '{"identities":[]}',
  "an entry that is none": '{"identities":{"key:ann":true}}',
};

for (const [name, text] of Object.entries(NO_FILE)) {
  Deno.test(`parseAccess() refuses ${name} with one problem`, () => assert.equal(problemsOf(text).length, 1));
}

Deno.test("parseAccess() quotes nothing of a file that is of another kind", () => {
  const secret = "-----BEGIN PRIVATE KEY----- hunter2";
  assert.ok(!problemsOf(secret).join().includes("hunter2"));
  assert.ok(!problemsOf({ default: { scopes: ["hunter2"] } }).join().includes("hunter2"));
});

Deno.test("parseAccess() refuses more identities than its maximum", () => {
  const identities = Object.fromEntries(Array.from({ length: 10_001 }, (_, index) => [`key:k${index}`, {}]));
  assert.match(problemsOf({ identities }).join(), /at most 10000/);
});

Deno.test("parseAccess() names the bound and the nearest known word, never a library's message", () => {
  const problemsOf = (file: unknown) => {
    const parsed = parseAccess(JSON.stringify(file));
    return parsed.ok ? [] : parsed.problems;
  };
  assert.deepEqual(
    problemsOf({
      default: { rate_limit: 0, scopes: ["market:raed"] },
      identities: { "key:a": { max_in_flight: "4" } },
    }),
    [
      `default.scopes.0: expected ${SCOPES.slice(0, -1).join(", ")} or ${SCOPES.at(-1)}, did you mean market:read`,
      "default.rate_limit: expected a whole number from 1 to 10000000: current value is 0",
      "identities.key:a.max_in_flight: expected a whole number from 1 to 10000",
    ],
  );
  assert.deepEqual(problemsOf([]), ["the file: expected an object"]);
});
