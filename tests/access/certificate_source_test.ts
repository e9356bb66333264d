import assert from "node:assert/strict";
import { CertificateSource } from "../../src/access/certificate_source.ts";
import type { ClientCertificate } from "../../src/access/client_certificate.ts";
import { DenyList } from "../../src/access/deny_list.ts";
import { ALL_SCOPES } from "../../src/access/scopes.ts";

const NOBODY = new DenyList(new Set());
const GOOD: ClientCertificate = {
  ok: true,
  identity: "cert:urn:test:client",
  serial: "ab",
  fingerprint: "f".repeat(64),
  notAfter: 5_000,
};

/** A source that reads every certificate as this one; `reads` counts the readings. */
function sourceOf(certificate: ClientCertificate, denied = NOBODY) {
  const reads: number[] = [];
  const read = (_der: Uint8Array, { now }: { now: number }) => {
    reads.push(now);
    return certificate;
  };
  return { source: new CertificateSource({ read, denied, now: () => 1_000 }), reads };
}

Deno.test("CertificateSource.verify() accepts a valid certificate until it expires, and leaves its scopes to the access file", () => {
  const verdict = sourceOf(GOOD).source.verify(new Uint8Array());
  assert.ok(verdict.ok);
  const { isRevoked, ...credential } = verdict.credential;
  assert.deepEqual(credential, {
    identity: "cert:urn:test:client",
    source: "certificate",
    scopes: ALL_SCOPES,
    expiresAt: 5_000,
  });
  assert.equal(isRevoked?.(), false);
});

Deno.test("CertificateSource.verify() parses the certificate of a connection once, and checks it against the clock each time", () => {
  const { source, reads } = sourceOf(GOOD);
  const der = new Uint8Array();
  for (let times = 0; times < 3; times++) source.verify(der);
  assert.deepEqual(reads, [1_000]);
  source.verify(new Uint8Array());
  assert.equal(reads.length, 2);
});

Deno.test("CertificateSource.verify() says why a certificate identifies nobody", () => {
  const refused = { ok: false as const, reason: "it has expired" };
  assert.deepEqual(sourceOf(refused).source.verify(new Uint8Array()), refused);
});

for (const entry of ["ab", "f".repeat(64)]) {
  Deno.test(`CertificateSource.verify() refuses a certificate with ${entry.length} digits on the deny list`, () => {
    const { source } = sourceOf(GOOD, new DenyList(new Set([entry])));
    assert.deepEqual(source.verify(new Uint8Array()), { ok: false, reason: "denied" });
  });
}

Deno.test("CertificateSource.deny() ends connections that were admitted before, and admits the certificate again once it is off the list", () => {
  const { source } = sourceOf(GOOD);
  const der = new Uint8Array();
  const verdict = source.verify(der);
  source.deny(new DenyList(new Set(["ab"])));
  assert.equal(verdict.ok && verdict.credential.isRevoked?.(), true);
  assert.deepEqual(source.verify(der), { ok: false, reason: "denied" });
  source.deny(NOBODY);
  assert.ok(source.verify(der).ok);
});
