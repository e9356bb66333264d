/** Turns settings into a server's endpoint: reads the token and the certificate files that they name. */

import { createPrivateKey, X509Certificate } from "node:crypto";
import type { ClientTls, Endpoint } from "../client/socket.ts";
import { readOwn, readPrivate, readSecretFile } from "../config/files.ts";
import { connectionProblems } from "../config/rules/command_rules.ts";
import type { AccessSettings } from "../config/rules/command_rules.ts";

/** An endpoint to connect to, or every problem. */
export type LoadedEndpoint = { ok: true; endpoint: Endpoint } | { ok: false; problems: string[] };

/** Loads the credentials for `url`. */
export async function loadEndpoint(url: URL, access: AccessSettings): Promise<LoadedEndpoint> {
  const problems = connectionProblems(url, access);
  const token = access.tokenFile === undefined
    ? access.token
    : await readSecretFile("--token-file", access.tokenFile, problems);
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token.reveal())) {
    problems.push("LUNO_MCP_TOKEN: expected a token without spaces and control characters");
  }
  const tls = await readTls(access, problems);
  if (problems.length > 0) return { ok: false, problems };
  const tokenSource = access.tokenFile === undefined ? "LUNO_MCP_TOKEN" : `--token-file (${access.tokenFile})`;
  return { ok: true, endpoint: { url, ...(token === undefined ? {} : { token, tokenSource }), tls } };
}

async function readTls(access: AccessSettings, problems: string[]): Promise<ClientTls> {
  const ca = access.ca === undefined ? undefined : await readOwn("--ca", access.ca, problems);
  const cert = access.cert === undefined ? undefined : await readOwn("--cert", access.cert, problems);
  const key = access.key === undefined ? undefined : await readPrivate("--key", access.key, problems);
  if (ca !== undefined) readCertificate("--ca", ca, problems);
  const certificate = cert === undefined ? undefined : readCertificate("--cert", cert, problems);
  if (certificate !== undefined && key !== undefined) checkKey(certificate, key, problems);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { identity: { cert, key } }),
  };
}

function readCertificate(name: string, pem: string, problems: string[]): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    problems.push(`${name}: expected a PEM file with a certificate`);
    return undefined;
  }
}

function checkKey(certificate: X509Certificate, pem: string, problems: string[]): void {
  try {
    if (!certificate.checkPrivateKey(createPrivateKey(pem))) {
      problems.push("--key: expected the key to the certificate in --cert: it is the key to another");
    }
  } catch {
    problems.push("--key: expected a PEM file with a private key that is not encrypted");
  }
}
