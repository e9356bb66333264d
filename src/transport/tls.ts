/** Certificate files: loaded whole, and judged before anything listens with them. */

import { createPrivateKey, X509Certificate } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { TlsFiles } from "./listener.ts";

/** Where the files are, and the clock to judge them by. */
export interface TlsSource {
  /** PEM: the server's certificate, then those between it and the authority. */
  readonly certPath: string;
  /** PEM, without a passphrase, readable by its owner only. */
  readonly keyPath: string;
  /** Wall clock in milliseconds since the Unix epoch. @default Date.now */
  readonly now?: () => number;
}

/** Files that can be served, or every problem with them, each a sentence that names the file. */
export type LoadedTls = { ok: true; files: TlsFiles } | { ok: false; problems: string[] };

type ReadFile = { ok: true; text: string } | { ok: false; problem: string };

/** More than any chain needs. */
const MAX_FILE_BYTES = 1_048_576;

/** Reads a certificate and its key. */
export async function loadTls({ certPath, keyPath, now = Date.now }: TlsSource): Promise<LoadedTls> {
  const [cert, key] = await Promise.all([readPem(certPath), readPem(keyPath)]);
  const certificate = cert.ok ? parseCertificate(cert.text) : undefined;
  const privateKey = key.ok ? parseKey(key.text) : undefined;
  const problems: string[] = [];
  if (!cert.ok) problems.push(cert.problem);
  else if (certificate === undefined) problems.push(`${certPath}: expected a certificate in PEM`);
  else problems.push(...validityProblems(certificate, { path: certPath, now: now() }));
  if (!key.ok) problems.push(key.problem);
  else {
    if (privateKey === undefined) problems.push(`${keyPath}: expected a private key in PEM, without a passphrase`);
    problems.push(...await secrecyProblems(keyPath));
  }
  if (certificate !== undefined && privateKey !== undefined && !certificate.checkPrivateKey(privateKey)) {
    problems.push(`${keyPath}: expected the key of the certificate in ${certPath}, which has another one`);
  }
  return problems.length === 0 && cert.ok && key.ok
    ? { ok: true, files: { cert: cert.text, key: key.text } }
    : { ok: false, problems };
}

/**
 * Throws unless the key belongs to the certificate: the runtime takes any pair, and then fails at every handshake.
 *
 * @throws {TypeError}
 */
export function assertPair({ cert, key }: TlsFiles): void {
  const privateKey = parseKey(key);
  if (privateKey === undefined || !parseCertificate(cert)?.checkPrivateKey(privateKey)) {
    throw new TypeError("Cannot use the certificate as its key does not belong to it");
  }
}

async function readPem(path: string): Promise<ReadFile> {
  try {
    const { size } = await Deno.stat(path);
    if (size > MAX_FILE_BYTES) {
      return { ok: false, problem: `${path}: expected at most ${MAX_FILE_BYTES} bytes: current size is ${size}` };
    }
    return { ok: true, text: await Deno.readTextFile(path) };
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound ? "there is none" : String(error);
    return { ok: false, problem: `${path}: expected a readable file: ${reason}` };
  }
}

function parseCertificate(pem: string): X509Certificate | undefined {
  try {
    const certificates = (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [])
      .map((block) => new X509Certificate(block));
    return certificates[0];
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

function validityProblems(certificate: X509Certificate, { path, now }: { path: string; now: number }): string[] {
  const from = Date.parse(certificate.validFrom);
  const until = Date.parse(certificate.validTo);
  if (now > until) {
    return [`${path}: expected a valid certificate: this one expired at ${new Date(until).toISOString()}`];
  }
  if (now >= from) return [];
  return [`${path}: expected a valid certificate: this one is not valid before ${new Date(from).toISOString()}`];
}

async function secrecyProblems(path: string): Promise<string[]> {
  const mode = (await Deno.stat(path)).mode ?? 0; // Windows has no mode.
  if ((mode & 0o077) === 0) return [];
  const current = (mode & 0o777).toString(8).padStart(4, "0");
  return [`${path}: expected a key that only its owner can read, mode 0600: current mode is ${current}`];
}
