/**
 * Reads client certificates: whose identity one names, which ones are rejected, and which authorities may sign them.
 * The listener verifies signatures. Import this file lazily and only when client certificates are required: nothing
 * else needs the certificate library.
 */

import "reflect-metadata"; // The certificate library requires this import, before its own.
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509Certificate,
} from "@peculiar/x509";
import { createHash } from "node:crypto";
import { normalizeSerial } from "./deny_list.ts";

/** The identity in a certificate, or why it has none; a reason is a sentence for the log. */
export type ClientCertificate =
  | {
    ok: true;
    /** `cert:` and the first URI of the certificate's subject alternative names, or else its first DNS name. */
    identity: string;
    /** Hex, lower case, without leading zeros. */
    serial: string;
    /** SHA-256 of the DER: hex, lower case. */
    fingerprint: string;
    /** End of its validity, milliseconds since the Unix epoch. */
    notAfter: number;
  }
  | { ok: false; reason: string };

interface Parsed {
  /** 1 to 3, as in "X.509 v3". */
  readonly version: number;
  readonly certificate: X509Certificate;
}

const MAX_NAME_LENGTH = 200;
/** RFC 5280 allows 20 bytes; a longer one could be taken for a fingerprint. */
const MAX_SERIAL_DIGITS = 40;

/** Absolute, so that it cannot be mistaken for a DNS name. */
const URI = /^[a-z][a-z0-9+.-]*:[\x21-\x7e]+$/i;
const DNS_NAME = /^[a-z0-9*_.-]+$/i;

const SEQUENCE = 0x30;
const VERSION = 0xa0;
const INTEGER = 0x02;

/** What is true of a certificate at any time, or why it never identifies anyone. */
type Reading =
  | { readonly certificate: Omit<Extract<ClientCertificate, { ok: true }>, "ok">; readonly notBefore: number }
  | { readonly reason: string };

/**
 * Recent results by fingerprint, the latest last: the library needs milliseconds per certificate, and a thousand times
 * its size in memory.
 */
const readings = new Map<string, Reading>();
const MAX_READINGS = 1_000;

/** Reads a DER client certificate; `now` is the wall clock, milliseconds since the Unix epoch. */
export function readClientCertificate(der: Uint8Array, { now }: { now: number }): ClientCertificate {
  const fingerprint = createHash("sha256").update(der).digest("hex");
  const reading = readings.get(fingerprint) ?? readAnew(der, fingerprint);
  readings.delete(fingerprint);
  readings.set(fingerprint, reading);
  if (readings.size > MAX_READINGS) readings.delete(readings.keys().next().value ?? "");
  if ("reason" in reading) return { ok: false, reason: reading.reason };
  const { certificate, notBefore } = reading;
  const reason = validityProblem({ notBefore, notAfter: certificate.notAfter }, now);
  return reason === undefined ? { ok: true, ...certificate } : { ok: false, reason };
}

function readAnew(der: Uint8Array, fingerprint: string): Reading {
  const parsed = parseCertificate(der);
  if (parsed === undefined) return { reason: "Expected a certificate in DER" };
  const { certificate } = parsed;
  const reason = versionProblem(parsed) ?? usageProblem(certificate);
  if (reason !== undefined) return { reason };
  const serial = normalizeSerial(certificate.serialNumber);
  if (serial.length > MAX_SERIAL_DIGITS) return { reason: "Expected a serial number of at most 20 bytes" };
  const name = nameOf(certificate);
  if (name === undefined) {
    return {
      reason: "Expected an absolute URI or a DNS name as the first of its kind in the alternative names, " +
        `of at most ${MAX_NAME_LENGTH} printable characters`,
    };
  }
  const { notBefore, notAfter } = validityOf(certificate);
  return { certificate: { identity: `cert:${name}`, serial, fingerprint, notAfter }, notBefore };
}

/**
 * Problems of a bundle of authorities, each a sentence that begins with `name`; empty when it is usable. The runtime
 * would accept any bundle, and then reject every client.
 */
export function checkAuthorities(pem: string, { name, now }: { name: string; now: number }): string[] {
  const blocks = certificatesIn(pem);
  if (blocks === undefined || blocks.length === 0) return [`${name}: expected authorities' certificates in PEM`];
  return blocks.flatMap((der, index) => {
    const parsed = parseCertificate(der);
    const problem = parsed === undefined ? "Expected a certificate" : authorityProblem(parsed, now);
    return problem === undefined ? [] : [`${name}: certificate ${index + 1}: ${lowerFirst(problem)}`];
  });
}

function authorityProblem(parsed: Parsed, now: number): string | undefined {
  const { certificate } = parsed;
  const usages = certificate.getExtension(KeyUsagesExtension)?.usages;
  const problem = versionProblem(parsed);
  if (problem !== undefined) return problem;
  if (certificate.getExtension(BasicConstraintsExtension)?.ca !== true) {
    return "Expected an authority, with the basic constraint CA:TRUE";
  }
  if (usages !== undefined && (usages & KeyUsageFlags.keyCertSign) === 0) {
    return "Expected an authority that may sign certificates, with the key usage keyCertSign";
  }
  return validityProblem(validityOf(certificate), now);
}

function versionProblem({ version, certificate }: Parsed): string | undefined {
  if (version !== 3) return `Expected X.509 version 3: current version is ${version}`;
  const types = certificate.extensions.map(({ type }) => type);
  if (new Set(types).size !== types.length) return "Expected no extension more than once";
  return undefined;
}

function usageProblem(certificate: X509Certificate): string | undefined {
  if (certificate.getExtension(BasicConstraintsExtension)?.ca === true) return "Expected no authority's certificate";
  const keyUsages = certificate.getExtension(KeyUsagesExtension)?.usages ?? KeyUsageFlags.digitalSignature;
  if ((keyUsages & KeyUsageFlags.digitalSignature) === 0) return "Expected a key usage that has digitalSignature";
  const usages = certificate.getExtension(ExtendedKeyUsageExtension)?.usages ?? [];
  if (usages.length === 1 && usages[0] === ExtendedKeyUsage.clientAuth) return undefined;
  return "Expected the extended key usage clientAuth and no other";
}

/** Milliseconds since the Unix epoch. */
interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

function validityOf({ notBefore, notAfter }: X509Certificate): Validity {
  return { notBefore: notBefore.getTime(), notAfter: notAfter.getTime() };
}

function validityProblem({ notBefore, notAfter }: Validity, now: number): string | undefined {
  if (now >= notBefore && now <= notAfter) return undefined;
  if (Number.isNaN(notBefore) || Number.isNaN(notAfter)) return "Expected a time of validity";
  if (now > notAfter) return `Expected a valid certificate: this one expired at ${new Date(notAfter).toISOString()}`;
  return `Expected a valid certificate: this one is not valid before ${new Date(notBefore).toISOString()}`;
}

/** Never the common name, as authorities do not verify it. */
function nameOf(certificate: X509Certificate): string | undefined {
  const names = certificate.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
  const uri = names.find(({ type }) => type === "url")?.value;
  const dns = names.find(({ type }) => type === "dns")?.value;
  const name = uri ?? dns?.toLowerCase();
  if (name === undefined || name.length > MAX_NAME_LENGTH) return undefined;
  return (uri === undefined ? DNS_NAME : URI).test(name) ? name : undefined;
}

function certificatesIn(pem: string): Uint8Array[] | undefined {
  try {
    return PemConverter.decodeWithHeaders(pem)
      .filter(({ type }) => type === PemConverter.CertificateTag)
      .map(({ rawData }) => new Uint8Array(rawData));
  } catch {
    return undefined;
  }
}

function parseCertificate(der: Uint8Array): Parsed | undefined {
  try {
    const version = versionOf(der);
    return version === undefined ? undefined : { version, certificate: new X509Certificate(new Uint8Array(der)) };
  } catch {
    return undefined;
  }
}

/** The library does not expose the version: it comes first in the signed part, and is 1 when omitted. */
function versionOf(der: Uint8Array): number | undefined {
  const signed = contentOf(contentOf(der, SEQUENCE), SEQUENCE);
  if (signed === undefined) return undefined;
  if (signed[0] !== VERSION) return 1;
  const [version] = contentOf(contentOf(signed, VERSION), INTEGER) ?? [];
  return version === undefined ? undefined : version + 1;
}

/** The content of the first DER element, when it has this tag. */
function contentOf(der: Uint8Array | undefined, tag: number): Uint8Array | undefined {
  const [first, size = 0] = der ?? [];
  if (der === undefined || first !== tag) return undefined;
  const sizeBytes = size < 0x80 ? 0 : size & 0x7f;
  const length = sizeBytes === 0 ? size : der.subarray(2, 2 + sizeBytes).reduce((sum, byte) => sum * 256 + byte, 0);
  const start = 2 + sizeBytes;
  return sizeBytes <= 4 && start + length <= der.length ? der.subarray(start, start + length) : undefined;
}

function lowerFirst(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}
