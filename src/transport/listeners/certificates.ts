/**
 * Development certificates: an own authority, a server's and a client's certificate, in memory. The caller writes the
 * files.
 */

import "reflect-metadata"; // The certificate library requires this import, before its own.
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import type { Extension, JsonGeneralName } from "@peculiar/x509";
import { isIP } from "node:net";
import type { TlsFiles } from "./listener.ts";

/** Settings of {@linkcode createCertificates}. */
export interface CertificateOptions {
  /** Names and IP addresses of the server, IPv6 without brackets; `localhost`, `127.0.0.1` and `::1` are added. */
  readonly hosts: readonly string[];
  /** Name of the client; its certificate contains `urn:luno-mcp:client:NAME`. */
  readonly client: string;
  /** Wall clock in milliseconds since the Unix epoch. */
  readonly now: number;
}

/** Three certificates with their keys, in PEM. */
export interface DevelopmentCertificates {
  /** Signs the other two; its key is not needed afterwards. */
  readonly authority: TlsFiles;
  readonly server: TlsFiles;
  readonly client: TlsFiles;
}

const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3_650;
/** The longest validity that Apple's systems accept from a private authority. */
const LEAF_DAYS = 825;
/** Clocks differ, and a certificate must already be valid. */
const BACKDATED_MS = 5 * 60_000;
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

interface Issuer {
  readonly certificate: X509Certificate;
  readonly keys: CryptoKeyPair;
}

interface Leaf {
  readonly name: string;
  readonly usage: ExtendedKeyUsage;
  readonly alternativeNames: JsonGeneralName[];
}

/**
 * Creates an authority (10 years), a server's and a client's certificate (825 days), X.509 v3 with ECDSA P-256 keys.
 */
export async function createCertificates(options: CertificateOptions): Promise<DevelopmentCertificates> {
  const authority = await createAuthority(options.now);
  const hosts = [...new Set(["localhost", "127.0.0.1", "::1", ...options.hosts])];
  const server = await issue(authority, options.now, {
    name: "luno-mcp-server",
    usage: ExtendedKeyUsage.serverAuth,
    alternativeNames: hosts.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value })),
  });
  const client = await issue(authority, options.now, {
    name: options.client,
    usage: ExtendedKeyUsage.clientAuth,
    alternativeNames: [{ type: "url", value: `urn:luno-mcp:client:${options.client}` }],
  });
  return { authority: await asPem(authority), server: await asPem(server), client: await asPem(client) };
}

async function createAuthority(now: number): Promise<Issuer> {
  const keys = await createKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...validity(now, AUTHORITY_DAYS),
    keys,
    name: [{ CN: ["luno-mcp-server development authority"] }],
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate, keys };
}

async function issue(authority: Issuer, now: number, leaf: Leaf): Promise<Issuer> {
  const keys = await createKeys();
  const extensions: Extension[] = [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([leaf.usage]),
    new SubjectAlternativeNameExtension(leaf.alternativeNames),
    await SubjectKeyIdentifierExtension.create(keys.publicKey),
    await AuthorityKeyIdentifierExtension.create(authority.keys.publicKey),
  ];
  const certificate = await X509CertificateGenerator.create({
    ...validity(now, LEAF_DAYS),
    publicKey: keys.publicKey,
    signingKey: authority.keys.privateKey,
    subject: [{ CN: [leaf.name] }],
    issuer: authority.certificate.subject,
    signingAlgorithm: ALGORITHM,
    extensions,
  });
  return { certificate, keys };
}

async function createKeys(): Promise<CryptoKeyPair> {
  return await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

function validity(now: number, days: number): { notBefore: Date; notAfter: Date } {
  const notBefore = now - BACKDATED_MS;
  return { notBefore: new Date(notBefore), notAfter: new Date(notBefore + days * DAY_MS) };
}

async function asPem({ certificate, keys }: Issuer): Promise<TlsFiles> {
  const key = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return { cert: `${certificate.toString("pem")}\n`, key: `${PemConverter.encode(key, "PRIVATE KEY")}\n` };
}
