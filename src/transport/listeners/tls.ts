/** Certificate files: loaded and checked before anything listens with them. */

import { createPrivateKey, X509Certificate } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { decodeText } from "../../text/decode_text.ts";
import { checkPrivateFile } from "../../state/private_file.ts";
import type { Protection } from "../../state/private_file.ts";
import type { TlsFiles, TlsSettings } from "./listener.ts";

/** The files, and the clock to check them by. */
export interface TlsSource {
  /** PEM: the server's certificate, then the intermediate ones. */
  readonly certPath: string;
  /** PEM, without a passphrase, accessible only to its owner. */
  readonly keyPath: string;
  /** PEM: the authorities of client certificates; without it clients need none. */
  readonly clientAuthoritiesPath?: string;
  /** Wall clock in milliseconds since the Unix epoch. @default Date.now */
  readonly now?: () => number;
}

/** Usable files, or every problem with them, each a sentence that names the file. */
export type LoadedTls = { ok: true; files: TlsSettings } | { ok: false; problems: string[] };

/** More than any chain needs. */
const MAX_FILE_BYTES = 1_048_576;

/** Reads a certificate and its key, and the client authorities. */
export async function loadTls({ now = Date.now, ...source }: TlsSource): Promise<LoadedTls> {
  const [own, authorities] = await Promise.all([
    loadOwn(source, now()),
    loadAuthorities(source.clientAuthoritiesPath, now()),
  ]);
  if (own.ok && authorities.ok) return { ok: true, files: { ...own.files, ...authorities.files } };
  return { ok: false, problems: [own, authorities].flatMap((loaded) => loaded.ok ? [] : loaded.problems) };
}

async function loadAuthorities(
  path: string | undefined,
  now: number,
): Promise<{ ok: true; files: { clientAuthorities?: string } } | { ok: false; problems: string[] }> {
  if (path === undefined) return { ok: true, files: {} };
  const problems: string[] = [];
  const text = await readPem(path, { as: "public", problems });
  if (text !== undefined) {
    const { checkAuthorities } = await import("../../access/client_certificate.ts");
    problems.push(...checkAuthorities(text, { name: path, now }));
  }
  return text !== undefined && problems.length === 0
    ? { ok: true, files: { clientAuthorities: text } }
    : { ok: false, problems };
}

async function loadOwn({ certPath, keyPath }: Omit<TlsSource, "now">, now: number): Promise<LoadedTls> {
  const problems: string[] = [];
  const cert = await readPem(certPath, { as: "public", problems });
  const key = await readPem(keyPath, { as: "secret", problems });
  const certificate = cert === undefined ? undefined : parseCertificate(cert);
  const privateKey = key === undefined ? undefined : parseKey(key);
  if (certificate !== undefined) problems.push(...await certificateProblems(certificate, { path: certPath, now }));
  else if (cert !== undefined) problems.push(`${certPath}: expected a certificate in PEM`);
  if (key !== undefined && privateKey === undefined) {
    problems.push(`${keyPath}: expected a private key in PEM, without a passphrase`);
  }
  if (privateKey !== undefined && !isKnownKey(privateKey)) {
    problems.push(`${keyPath}: expected ${KNOWN_KEYS}: this one is ${nameOf(privateKey)}`);
  }
  if (certificate !== undefined && privateKey !== undefined && !certificate.checkPrivateKey(privateKey)) {
    problems.push(`${keyPath}: expected the key of the certificate in ${certPath}, which has another one`);
  }
  return problems.length === 0 && cert !== undefined && key !== undefined
    ? { ok: true, files: { cert, key } }
    : { ok: false, problems };
}

/** When a PEM certificate, the first of its chain, expires; wall clock milliseconds. */
export function expiryOf({ cert }: Pick<TlsFiles, "cert">): number | undefined {
  const certificate = parseCertificate(cert);
  return certificate === undefined ? undefined : Date.parse(certificate.validTo);
}

/** The certificates of a PEM chain, in order; empty when one of them cannot be parsed. */
export function certificatesOf(pem: string): X509Certificate[] {
  return parseCertificates(pem) ?? [];
}

/**
 * Throws unless the key belongs to the certificate: the runtime accepts any pair, and then fails at every handshake.
 *
 * @throws {TypeError}
 */
export function assertPair({ cert, key }: TlsFiles): void {
  const privateKey = parseKey(key);
  if (privateKey === undefined || !parseCertificate(cert)?.checkPrivateKey(privateKey)) {
    throw new TypeError("Cannot use the certificate as its key does not belong to it");
  }
}

/**
 * The authorities in a bundle, one PEM each: the runtime accepts any text, and then trusts no one by it.
 *
 * @throws {TypeError} when there is none, or one cannot be parsed
 */
export function authoritiesOf(pem: string): string[] {
  const certificates = parseCertificates(pem);
  if (certificates === undefined || certificates.length === 0) {
    throw new TypeError("Cannot ask clients for certificates as there is no authority to sign them");
  }
  return certificates.map((certificate) => certificate.toString());
}

/** Reads a file that must be protected; an unprotected one is read nevertheless, to report every problem at once. */
async function readPem(
  path: string,
  { as: protection, problems }: { as: Protection; problems: string[] },
): Promise<string | undefined> {
  problems.push(...await checkPrivateFile(path, path, { as: protection }));
  try {
    const { size, isFile } = await Deno.stat(path);
    if (!isFile) return undefined;
    if (size <= MAX_FILE_BYTES) return await readOpenPem(path, { as: protection, problems });
    problems.push(`${path}: expected at most ${MAX_FILE_BYTES} bytes: current size is ${size}`);
  } catch (error) {
    if (problems.length === 0) problems.push(`${path}: expected a readable file: ${error}`);
  }
  return undefined;
}

/** A certificate file that also contains the key is as secret as the key. */
async function readOpenPem(
  path: string,
  { as: protection, problems }: { as: Protection; problems: string[] },
): Promise<string> {
  const text = decodeText(await Deno.readFile(path)) ?? "";
  if (protection === "public" && /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    problems.push(...await checkPrivateFile(path, path));
  }
  return text;
}

function parseCertificate(pem: string): X509Certificate | undefined {
  return parseCertificates(pem)?.[0];
}

/** Every certificate in a file; `undefined` when one of them is invalid. */
function parseCertificates(pem: string): X509Certificate[] | undefined {
  try {
    return (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [])
      .map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}

function parseKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

/** With any other key, the runtime fails when it begins to listen, or at every handshake. */
const KNOWN_KEYS = "an RSA key of at least 2048 bits, or one on P-256, P-384, P-521 or Ed25519";
const MIN_RSA_BITS = 2_048;
const KNOWN_CURVES = ["prime256v1", "secp384r1", "secp521r1"];

function isKnownKey({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): boolean {
  if (type === "rsa") return (details?.modulusLength ?? 0) >= MIN_RSA_BITS;
  return type === "ed25519" || (type === "ec" && KNOWN_CURVES.includes(details?.namedCurve ?? ""));
}

function nameOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): string {
  const bits = details?.modulusLength === undefined ? "" : ` of ${details.modulusLength} bits`;
  const curve = details?.namedCurve === undefined ? "" : ` on ${details.namedCurve}`;
  return `${(type ?? "unknown").toUpperCase()}${bits}${curve}`;
}

async function certificateProblems(
  certificate: X509Certificate,
  { path, now }: { path: string; now: number },
): Promise<string[]> {
  const { isForServers } = await import("./server_usage.ts");
  return [
    ...validityProblems(certificate, { path, now }),
    ...(isForServers(certificate.raw) ? [] : [
      `${path}: expected a certificate for servers: its extended key usage lacks serverAuth, and clients refuse it`,
    ]),
  ];
}

function validityProblems(certificate: X509Certificate, { path, now }: { path: string; now: number }): string[] {
  const from = Date.parse(certificate.validFrom);
  const until = Date.parse(certificate.validTo);
  if (now > until) {
    return [`${path}: expected a valid certificate: this one expired at ${new Date(until).toISOString()}`];
  }
  if (now >= from) return [];
  return [`${path}: expected a valid certificate: this one is not valid before ${new Date(from).toISOString()}`];
}
