/** Authorities and certificates for tests, with every deviation from a sound one. */

import "reflect-metadata"; // The certificate library asks for it, and for being second.
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import type { TlsFiles } from "../../src/transport/listeners/listener.ts";

/** What a key is made with. */
export type KeyAlgorithm = EcKeyGenParams & { readonly hash: string };

const P256: KeyAlgorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
export const P384: KeyAlgorithm = { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" };

const DAY_MS = 86_400_000;

/** How a certificate differs from a sound one that is valid for a day around now. */
export interface Deviations {
  /** Extended key usages; `undefined` leaves the extension out. @default clientAuth */
  readonly usages?: ExtendedKeyUsage[] | undefined;
  /** Alternative names; none leaves the extension out. @default `urn:test:client` */
  readonly names?: JsonGeneralName[];
  readonly notBefore?: number;
  readonly notAfter?: number;
  /** In hex. @default a random one */
  readonly serialNumber?: string;
  /** The basic constraint; `undefined` leaves the extension out. @default false, for an authority true */
  readonly ca?: boolean | undefined;
  /** `undefined` leaves the extension out. @default digitalSignature, for an authority keyCertSign */
  readonly keyUsages?: KeyUsageFlags | undefined;
  readonly algorithm?: KeyAlgorithm;
  /** Extensions beside the others. */
  readonly more?: Extension[];
}

/** A certificate with its key. */
export interface Issued {
  /** As PEM. */
  readonly files: TlsFiles;
  readonly der: Uint8Array;
}

/** Signs certificates. */
export class TestAuthority implements Issued {
  readonly files: TlsFiles;
  readonly der: Uint8Array;
  readonly #keys: CryptoKeyPair;
  readonly #algorithm: KeyAlgorithm;
  readonly #subject: string;

  private constructor(
    certificate: X509Certificate,
    options: { keys: CryptoKeyPair; files: TlsFiles; signs: KeyAlgorithm },
  ) {
    this.#subject = certificate.subject;
    this.der = new Uint8Array(certificate.rawData);
    this.#keys = options.keys;
    this.#algorithm = options.signs;
    this.files = options.files;
  }

  static async create(deviations: Deviations = {}): Promise<TestAuthority> {
    const signs = deviations.algorithm ?? P256;
    const keys = await createKeys(signs);
    const certificate = await X509CertificateGenerator.createSelfSigned({
      ...basics(deviations),
      keys,
      name: [{ CN: ["test authority"] }],
      signingAlgorithm: signs,
      extensions: extensionsOf({
        ca: true,
        keyUsages: KeyUsageFlags.keyCertSign,
        usages: undefined,
        names: [],
        ...deviations,
      }),
    });
    return new TestAuthority(certificate, { keys, files: await filesOf(certificate.rawData, keys), signs });
  }

  /** A certificate for a client, unless it deviates. */
  async issue(deviations: Deviations = {}): Promise<Issued> {
    const keys = await createKeys(deviations.algorithm ?? P256);
    const { rawData } = await X509CertificateGenerator.create({
      ...basics(deviations),
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      subject: [{ CN: ["test client"] }],
      issuer: this.#subject,
      signingAlgorithm: this.#algorithm,
      extensions: extensionsOf({
        ca: false,
        keyUsages: KeyUsageFlags.digitalSignature,
        usages: [ExtendedKeyUsage.clientAuth],
        names: [{ type: "url", value: "urn:test:client" }],
        ...deviations,
      }),
    });
    return { files: await filesOf(rawData, keys), der: new Uint8Array(rawData) };
  }

  /** A certificate of X.509 version 1, which has no extensions; only from an authority with a key on P-256. */
  async issueVersion1(): Promise<Issued> {
    const keys = await createKeys(P256);
    const { rawData } = await X509CertificateGenerator.create({
      ...basics({}),
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      subject: [{ CN: ["test client"] }],
      issuer: this.#subject,
      signingAlgorithm: this.#algorithm,
    });
    const [signed = new Uint8Array(), algorithm = new Uint8Array()] = elementsOf(new Uint8Array(rawData));
    const fields = elementsOf(signed).filter(([tag]) => tag !== VERSION && tag !== EXTENSIONS);
    const toSign = element(SEQUENCE, ...fields);
    const signature = new Uint8Array(await crypto.subtle.sign(P256, this.#keys.privateKey, toSign));
    const half = signature.length / 2;
    const numbers = [signature.subarray(0, half), signature.subarray(half)].map(positiveInteger);
    const der = element(
      SEQUENCE,
      toSign,
      algorithm,
      element(BIT_STRING, new Uint8Array(1), element(SEQUENCE, ...numbers)),
    );
    return { files: await filesOf(der.buffer, keys), der };
  }
}

/** A client's certificate that its own key signed. */
export async function selfSigned(): Promise<Issued> {
  return await TestAuthority.create({
    ca: false,
    keyUsages: KeyUsageFlags.digitalSignature,
    usages: [ExtendedKeyUsage.clientAuth],
    names: [{ type: "url", value: "urn:test:client" }],
  });
}

function basics({ notBefore, notAfter, serialNumber }: Deviations) {
  return {
    notBefore: new Date(notBefore ?? Date.now() - DAY_MS),
    notAfter: new Date(notAfter ?? Date.now() + DAY_MS),
    ...(serialNumber === undefined ? {} : { serialNumber }),
  };
}

function extensionsOf({ ca, keyUsages, usages, names = [], more = [] }: Deviations): Extension[] {
  return [
    ...(ca === undefined ? [] : [new BasicConstraintsExtension(ca, undefined, true)]),
    ...(keyUsages === undefined ? [] : [new KeyUsagesExtension(keyUsages, true)]),
    ...(usages === undefined ? [] : [new ExtendedKeyUsageExtension(usages)]),
    ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)]),
    ...more,
  ];
}

async function createKeys(algorithm: KeyAlgorithm): Promise<CryptoKeyPair> {
  return await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

async function filesOf(der: ArrayBuffer, { privateKey }: CryptoKeyPair): Promise<TlsFiles> {
  const key = await crypto.subtle.exportKey("pkcs8", privateKey);
  return { cert: `${PemConverter.encode(der, "CERTIFICATE")}\n`, key: `${PemConverter.encode(key, "PRIVATE KEY")}\n` };
}

const SEQUENCE = 0x30;
const BIT_STRING = 0x03;
const INTEGER = 0x02;
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;

/** The elements inside a DER element, each with its tag and length. */
function elementsOf(der: Uint8Array): Uint8Array[] {
  const elements: Uint8Array[] = [];
  const [, content, end] = spanOf(der, 0);
  for (let at = content; at < end;) {
    const [start, , next] = spanOf(der, at);
    elements.push(der.subarray(start, next));
    at = next;
  }
  return elements;
}

/** Where an element starts, where its content starts, and where it ends. */
function spanOf(der: Uint8Array, start: number): [start: number, content: number, end: number] {
  const size = der[start + 1] ?? 0;
  if (size < 0x80) return [start, start + 2, start + 2 + size];
  const content = start + 2 + (size & 0x7f);
  const length = der.subarray(start + 2, content).reduce((sum, byte) => sum * 256 + byte, 0);
  return [start, content, content + length];
}

function element(tag: number, ...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const content = parts.flatMap((part) => [...part]);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return new Uint8Array([tag, ...size, ...content]);
}

function positiveInteger(bytes: Uint8Array): Uint8Array {
  const digits = [...bytes];
  while (digits.length > 1 && digits[0] === 0) digits.shift();
  return element(INTEGER, new Uint8Array((digits[0] ?? 0) < 0x80 ? digits : [0, ...digits]));
}
