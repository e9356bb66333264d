import "reflect-metadata"; // Required by the certificate library, as the second import.
import { BasicConstraintsExtension, ExtendedKeyUsage, type JsonGeneralName, KeyUsageFlags } from "@peculiar/x509";
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { checkAuthorities, readClientCertificate } from "../../src/access/client_certificate.ts";
import { createCertificates } from "../../src/transport/listeners/certificates.ts";
import { type Deviations, P384, selfSigned, TestAuthority } from "../transport/test_authority.ts";

const NOW = Date.UTC(2026, 10, 22);
const HOUR_MS = 3_600_000;
const DURING = { notBefore: NOW - HOUR_MS, notAfter: NOW + HOUR_MS };
const authority = await TestAuthority.create(DURING);

async function read(deviations: Deviations) {
  const { der } = await authority.issue({ ...DURING, ...deviations });
  return readClientCertificate(der, { now: NOW });
}

async function reasonFor(deviations: Deviations): Promise<string> {
  const certificate = await read(deviations);
  assert.ok(!certificate.ok);
  return certificate.reason;
}

async function identityOf(...names: JsonGeneralName[]): Promise<string | undefined> {
  const certificate = await read({ names });
  return certificate.ok ? certificate.identity : undefined;
}

Deno.test("readClientCertificate() returns the identity that a certificate names and the numbers by which it can be denied", async () => {
  const { der } = await authority.issue({ ...DURING, serialNumber: "00ABCD" });
  const { serialNumber, fingerprint256 } = new X509Certificate(der);
  assert.deepEqual(readClientCertificate(der, { now: NOW }), {
    ok: true,
    identity: "cert:urn:test:client",
    serial: serialNumber.toLowerCase().replace(/^0+/, ""),
    fingerprint: fingerprint256.replaceAll(":", "").toLowerCase(),
    notAfter: DURING.notAfter,
  });
});

Deno.test("readClientCertificate() reads the client certificate that certs create makes", async () => {
  const { client } = await createCertificates({ hosts: [], client: "alice", now: NOW });
  const certificate = readClientCertificate(new X509Certificate(client.cert).raw, { now: NOW });
  assert.ok(certificate.ok);
  assert.equal(certificate.identity, "cert:urn:luno-mcp:client:alice");
});

Deno.test("readClientCertificate() prefers the first URI to the first DNS name, and lowercases the DNS name", async () => {
  const dns: JsonGeneralName = { type: "dns", value: "Desk.Example.com" };
  const uri: JsonGeneralName = { type: "url", value: "spiffe://Example/a" };
  assert.equal(await identityOf(dns, uri, { type: "url", value: "urn:other" }), "cert:spiffe://Example/a");
  assert.equal(await identityOf(dns, { type: "dns", value: "other" }), "cert:desk.example.com");
});

Deno.test("readClientCertificate() refuses names that are invalid, too long or confusable", async () => {
  assert.match(await reasonFor({ names: [] }), /absolute URI or a DNS name/);
  assert.match(await reasonFor({ names: [{ type: "ip", value: "192.0.2.1" }] }), /absolute URI or a DNS name/);
  assert.match(await reasonFor({ names: [{ type: "email", value: "a@example.com" }] }), /absolute URI or a DNS name/);
  const uris = ["", "alice", "urn:a\nb", "urn:a\u0000", "urn:a b", `urn:${"x".repeat(197)}`];
  for (const value of uris) assert.equal(await identityOf({ type: "url", value }), undefined, value);
  for (const value of ["", "a b", "urn:a", "a\u007f", "x".repeat(201)]) {
    assert.equal(await identityOf({ type: "dns", value }), undefined, value);
  }
  assert.equal(await identityOf({ type: "url", value: "bad" }, { type: "dns", value: "good" }), undefined);
  assert.equal((await identityOf({ type: "url", value: `urn:${"x".repeat(196)}` }))?.length, 205);
});

Deno.test("readClientCertificate() refuses every usage other than client authentication alone", async () => {
  const { clientAuth, serverAuth } = ExtendedKeyUsage;
  for (const usages of [undefined, [], [serverAuth], [clientAuth, serverAuth], [clientAuth, clientAuth]]) {
    assert.match(await reasonFor({ usages }), /clientAuth and no other/);
  }
});

Deno.test("readClientCertificate() refuses a key that may not sign, and accepts a certificate without key usages", async () => {
  const { cRLSign, keyEncipherment, digitalSignature } = KeyUsageFlags;
  assert.match(await reasonFor({ keyUsages: cRLSign }), /digitalSignature/);
  assert.match(await reasonFor({ keyUsages: keyEncipherment }), /digitalSignature/);
  assert.ok((await read({ keyUsages: digitalSignature | keyEncipherment })).ok);
  assert.ok((await read({ keyUsages: undefined })).ok);
});

Deno.test("readClientCertificate() refuses an authority, and accepts a certificate without the constraint", async () => {
  assert.match(await reasonFor({ ca: true }), /no authority/);
  assert.ok((await read({ ca: undefined })).ok);
});

Deno.test("readClientCertificate() refuses a certificate outside its validity, to the second", async () => {
  assert.ok((await read({ notBefore: NOW })).ok);
  assert.ok((await read({ notAfter: NOW })).ok);
  assert.match(await reasonFor({ notAfter: NOW - 1_000 }), /expired at 2026-11-21T23:59:59/);
  assert.match(await reasonFor({ notBefore: NOW + 1_000 }), /not valid before 2026-11-22T00:00:01/);
});

Deno.test("readClientCertificate() checks a cached certificate against the time of each reading", async () => {
  const { der } = await authority.issue(DURING);
  const at = (now: number) => readClientCertificate(der, { now }).ok;
  assert.deepEqual([NOW, DURING.notAfter + 1, NOW, DURING.notBefore - 1].map(at), [true, false, true, false]);
});

Deno.test("readClientCertificate() refuses version 1, a duplicate extension, and a serial number as long as a fingerprint", async () => {
  const { der } = await authority.issueVersion1();
  assert.deepEqual(readClientCertificate(der, { now: NOW }), {
    ok: false,
    reason: "Expected X.509 version 3: current version is 1",
  });
  assert.match(await reasonFor({ more: [new BasicConstraintsExtension(false)] }), /no extension more than once/);
  assert.match(await reasonFor({ serialNumber: "11".repeat(32) }), /at most 20 bytes/);
});

Deno.test("readClientCertificate() refuses bytes that are not a certificate", async () => {
  const { der, files } = await authority.issue(DURING);
  const pem = new TextEncoder().encode(files.cert);
  for (
    const bytes of [new Uint8Array(), new Uint8Array([0x30, 0x84]), der.subarray(0, 100), pem, new Uint8Array(500)]
  ) {
    assert.deepEqual(readClientCertificate(bytes, { now: NOW }), {
      ok: false,
      reason: "Expected a certificate in DER",
    });
  }
});

Deno.test("checkAuthorities() finds no problem in one or many valid authorities", async () => {
  const other = await TestAuthority.create({ ...DURING, algorithm: P384, keyUsages: undefined });
  for (const pem of [authority.files.cert, `# ours\n${authority.files.cert}\n${other.files.cert}`]) {
    assert.deepEqual(checkAuthorities(pem, { name: "CA", now: NOW }), []);
  }
});

Deno.test("checkAuthorities() refuses a bundle without a certificate", () => {
  for (const pem of ["", "nonsense", authority.files.key]) {
    assert.deepEqual(checkAuthorities(pem, { name: "CA", now: NOW }), [
      "CA: expected authorities' certificates in PEM",
    ]);
  }
});

Deno.test("checkAuthorities() names every certificate that is not an authority, with the reason", async () => {
  const signers = await Promise.all([
    TestAuthority.create({ ...DURING, ca: false }),
    TestAuthority.create({ ...DURING, ca: undefined }),
    TestAuthority.create({ ...DURING, keyUsages: KeyUsageFlags.cRLSign }),
    TestAuthority.create({ ...DURING, notAfter: NOW - 1_000 }),
    TestAuthority.create({ ...DURING, notBefore: NOW + 1_000 }),
    authority.issueVersion1(),
    selfSigned(),
  ]);
  const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  const pem = [authority.files.cert, ...signers.map(({ files }) => files.cert), broken].join("");
  assert.deepEqual(checkAuthorities(pem, { name: "CA", now: NOW }), [
    "CA: certificate 2: expected an authority, with the basic constraint CA:TRUE",
    "CA: certificate 3: expected an authority, with the basic constraint CA:TRUE",
    "CA: certificate 4: expected an authority that may sign certificates, with the key usage keyCertSign",
    "CA: certificate 5: expected a valid certificate: this one expired at 2026-11-21T23:59:59.000Z",
    "CA: certificate 6: expected a valid certificate: this one is not valid before 2026-11-22T00:00:01.000Z",
    "CA: certificate 7: expected X.509 version 3: current version is 1",
    "CA: certificate 8: expected an authority, with the basic constraint CA:TRUE",
    "CA: certificate 9: expected a certificate",
  ]);
});
