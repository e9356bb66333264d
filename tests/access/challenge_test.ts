import assert from "node:assert/strict";
import { challengeOf, scopeChallenge } from "../../src/access/challenge.ts";
import { ERRORS } from "../../src/errors/error_table.ts";

const METADATA = "https://luno.example/.well-known/oauth-protected-resource/mcp";

Deno.test("challengeOf() says the same to every caller that is refused, apart from what RFC 6750 requires in the header", () => {
  const without = challengeOf({ status: 401, hasCredential: false });
  const withOne = challengeOf({ status: 401, hasCredential: true });
  assert.deepEqual({ ...without, headers: undefined }, { ...withOne, headers: undefined });
  assert.equal(without.headers?.["www-authenticate"], 'Bearer realm="luno-mcp-server"');
  assert.equal(withOne.headers?.["www-authenticate"], 'Bearer realm="luno-mcp-server", error="invalid_token"');
});

Deno.test("challengeOf() names the metadata and the first scopes where tokens are accepted", () => {
  const { headers } = challengeOf({ status: 401, hasCredential: false }, METADATA);
  assert.equal(
    headers?.["www-authenticate"],
    `Bearer realm="luno-mcp-server", resource_metadata="${METADATA}", scope="market:read account:read"`,
  );
});

Deno.test("challengeOf() challenges only when another credential would help", () => {
  for (const status of [400, 403, 503] as const) {
    const challenge = challengeOf({ status, hasCredential: true }, METADATA);
    assert.deepEqual([ERRORS[challenge.code].http, challenge.headers], [status, undefined]);
  }
  assert.equal(challengeOf({ status: 503, hasCredential: true, retryAfterMs: 5 }).retry_after_ms, 5);
});

Deno.test("scopeChallenge() asks for the missing scope together with those already granted", () => {
  const challenge = scopeChallenge({ scope: "account:read", granted: ["market:read"], metadataUrl: METADATA });
  assert.equal(challenge.code, "ERR_SCOPE_MISSING");
  assert.equal(
    challenge.headers?.["www-authenticate"],
    `Bearer realm="luno-mcp-server", error="insufficient_scope", resource_metadata="${METADATA}", ` +
      'scope="market:read account:read"',
  );
  assert.match(challenge.message, /lacks the scope account:read/);
});

Deno.test("scopeChallenge() names no scopes where no tokens are accepted", () => {
  const { headers } = scopeChallenge({ scope: "server:admin", granted: [] });
  assert.equal(headers?.["www-authenticate"], 'Bearer realm="luno-mcp-server", error="insufficient_scope"');
});
