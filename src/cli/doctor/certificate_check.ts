/** Checks whether clients will accept the server's certificate: its files, validity, names and chain. */

import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { Config } from "../../config/server_settings.ts";
import { baseUrl } from "../../server/network/addresses.ts";
import { readCertificate } from "../../server/network/server_certificate.ts";
import { certificatesOf } from "../../transport/listeners/tls.ts";
import { broken, NEEDS_CONFIGURATION, ok, skipped, warning } from "./check.ts";
import type { CheckContext, CheckResult } from "./check.ts";

const NAME = "certificate";
const DAY_MS = 86_400_000;

/** Days before expiry from which to warn. */
const DUE_DAYS = 21;

const RENEW = "renew it, then luno-mcp-server reload; one for development: luno-mcp-server certs create --force";

/** Checks the files that a network server would use. */
export async function checkCertificate({ loaded, world }: CheckContext): Promise<readonly CheckResult[]> {
  if (!loaded.ok) return [skipped(NAME, NEEDS_CONFIGURATION)];
  const { config } = loaded;
  if (config.transport === "stdio") return [skipped(NAME, "not used with --transport stdio")];
  const tls = await readCertificate(config, world);
  if (tls === undefined) return [skipped(NAME, "not set: this server does not use TLS")];
  if (!tls.ok) return tls.problems.map((problem) => broken(NAME, problem, fixOf(problem)));
  const chain = certificatesOf(tls.files.cert);
  const [certificate] = chain;
  if (certificate === undefined) return [broken(NAME, "there is none in --ssl-cert", RENEW)];
  const problems = [...chainProblems(chain, world.now()), ...nameProblems(certificate, config)];
  if (problems.some(({ status }) => status === "broken")) return problems;
  return [...problems, daysResult(chain, world.now())];
}

function fixOf(problem: string): string {
  return /expired|not valid before/.test(problem) ? RENEW : "give the right files by --ssl-cert and --ssl-key";
}

/** Each certificate in the file must be signed by the next one. */
function chainProblems(chain: readonly X509Certificate[], now: number): CheckResult[] {
  return chain.slice(1).flatMap((issuer, index) => {
    const place = `certificate ${index + 2} of --ssl-cert`;
    const order = "put the server's certificate first, behind each certificate that of its issuer";
    const isIssuer = chain[index]?.checkIssued(issuer) === true;
    return [
      ...(isIssuer ? [] : [broken(NAME, `${place} is not the issuer of the one before it`, order)]),
      ...(Date.parse(issuer.validTo) < now ? [broken(NAME, `${place} has expired`, RENEW)] : []),
    ];
  });
}

/** Clients compare the name that they connect to. */
function nameProblems(certificate: X509Certificate, config: Config): CheckResult[] {
  const main = new URL(baseUrl(config, { port: config.port, isSecure: true })).hostname;
  const others = (config.allowedHosts ?? []).map((host) => new URL(`https://${host}`).hostname);
  const names = namesOf(certificate);
  const fix = "take a certificate of the names that clients connect to; one for development: " +
    "luno-mcp-server certs create --force --host NAME";
  return [...new Set([main, ...others])].filter((name) => !isWildcard(name) && !isNameOf(certificate, name)).map(
    (name) => {
      const text = `it is not valid for ${name}, but for ${names}`;
      return name === main ? broken(NAME, text, fix) : warning(NAME, text, fix);
    },
  );
}

function isNameOf(certificate: X509Certificate, name: string): boolean {
  const plain = name.replace(/^\[(.*)\]$/, "$1");
  return (isIP(plain) === 0 ? certificate.checkHost(plain) : certificate.checkIP(plain)) !== undefined;
}

function isWildcard(name: string): boolean {
  return name === "0.0.0.0" || name === "[::]";
}

function namesOf({ subjectAltName = "" }: X509Certificate): string {
  const names = subjectAltName.replaceAll(/(DNS|IP Address):/g, "");
  return names === "" ? "no name at all" : names;
}

function daysResult(chain: readonly X509Certificate[], now: number): CheckResult {
  const end = Math.min(...chain.map(({ validTo }) => Date.parse(validTo)));
  const days = Math.floor((end - now) / DAY_MS);
  const last = chain.at(-1);
  const [first] = chain;
  const issuer = last === undefined || last.checkIssued(last) ? "" : `, issued by ${commonName(last.issuer)}`;
  const text = `${days} ${days === 1 ? "day" : "days"} left, valid for ${first === undefined ? "" : namesOf(first)}` +
    `, ${chain.length} in its chain${issuer}`;
  return days < DUE_DAYS ? warning(NAME, text, RENEW) : ok(NAME, text);
}

/** The common name in a distinguished name. */
function commonName(name: string): string {
  return /^CN=(.*)$/m.exec(name)?.[1] ?? name.replaceAll("\n", ", ");
}
