/** Rules between the settings of a network server: listener, certificates, tokens, and who may reach it. */

import { isLoopback } from "../../network/address.ts";
import type { Config } from "../server_settings.ts";

/** What a runtime offers to a listener. */
export interface Runtime {
  readonly version: string;
  /** Whether the hardened listener's limits take effect. */
  readonly hasHardenedListener: boolean;
  /** Whether client certificates can be requested. */
  readonly requestsCertificates: boolean;
}

/** The hardened listener protects itself and follows HTTP strictly; the native one runs on every runtime. */
export function listenerInForce({ listener, host, sslClientCa }: Config, runtime: Runtime): "native" | "hardened" {
  if (listener !== "auto") return listener;
  return !runtime.hasHardenedListener && isLoopback(host) && sslClientCa === undefined ? "native" : "hardened";
}

/** What the listener requires and lacks. */
export function listenerProblems(config: Config, runtime: Runtime): string[] {
  const { sslCert, sslKey, listener, host, unsafeExpose, tlsTerminated } = config;
  const isNative = listenerInForce(config, runtime) === "native";
  const problems: string[] = [];
  if (sslCert !== undefined && sslKey === undefined) {
    problems.push("--ssl-key: expected the key of --ssl-cert: not set");
  }
  if (sslCert === undefined && sslKey !== undefined) {
    problems.push("--ssl-cert: expected the certificate of --ssl-key: not set");
  }
  if (!isNative && !runtime.hasHardenedListener) {
    problems.push(
      "--listener: expected native, as the limits of the hardened one need Deno 2.9: current version is " +
        runtime.version,
    );
  }
  if (isNative && !isLoopback(host) && !unsafeExpose) {
    problems.push(
      `--listener: expected hardened or auto on a non-loopback address (--host ${host}), as the native one cannot defend itself ` +
        "against strangers (docs/security.md); --unsafe-expose takes it all the same",
    );
  }
  if (tlsTerminated && sslCert !== undefined) {
    problems.push("--tls-terminated: expected no --ssl-cert beside it, as either the proxy or this server speaks TLS");
  }
  if (config.sslClientCa === undefined) return problems;
  if (listener === "native") {
    problems.push(
      "--listener: expected hardened or auto, as the native one cannot request certificates (--ssl-client-ca)",
    );
  }
  if (!runtime.requestsCertificates) {
    problems.push(
      "--ssl-client-ca: expected Deno 2.9 or later, as older runtimes do not request client certificates: " +
        `current version is ${runtime.version}`,
    );
  }
  return problems;
}

/** What tokens require and lack. */
export function tokenProblems({ jwtIssuer, jwtAudience, jwksUrl, jwksFile }: Config): string[] {
  if ([jwtIssuer, jwtAudience, jwksUrl, jwksFile].every((value) => value === undefined)) return [];
  const problems: string[] = [];
  if (jwksUrl !== undefined && jwksFile !== undefined) {
    problems.push("--jwks-url, --jwks-file: expected one of the two, both are set");
  }
  if (jwtIssuer === undefined) problems.push("--jwt-issuer: expected the issuer of tokens: not set");
  if (jwtAudience === undefined) problems.push("--jwt-audience: expected the audience of tokens: not set");
  if (jwksUrl === undefined && jwksFile === undefined) {
    problems.push("--jwks-url, --jwks-file: expected the keys of --jwt-issuer: neither is set");
  }
  return problems;
}

/** What client certificates require and lack. */
export function clientCertificateProblems({ sslClientCa, sslClientDeny, sslCert }: Config): string[] {
  if (sslClientCa === undefined) {
    return sslClientDeny === undefined ? [] : ["--ssl-client-deny: only with --ssl-client-ca"];
  }
  return sslCert === undefined ? ["--ssl-client-ca: only with --ssl-cert and --ssl-key"] : [];
}

/** The authentication methods, and the file to which the runtime logs TLS keys, if any. */
export interface Exposure {
  readonly methods: readonly string[];
  readonly keyLog: string | undefined;
}

/** A non-loopback server never starts by accident, and `--auth required` not without a method. */
export function exposureProblems(config: Config, { methods, keyLog = "" }: Exposure): string[] {
  const { host, auth, unsafeExpose, sslCert, tlsTerminated } = config;
  const where = `on a non-loopback address (--host ${host})`;
  const isLocal = isLoopback(host);
  const isGuarded = !isLocal && !unsafeExpose;
  const problems: string[] = [];
  if (isGuarded && sslCert === undefined && !tlsTerminated) {
    problems.push(
      `--ssl-cert, --ssl-key: expected a certificate ${where}, as credentials travel along: add both ` +
        "(luno-mcp-server certs create makes a pair to try), or --tls-terminated where a proxy of yours speaks TLS; --unsafe-expose asks for neither",
    );
  }
  if (isGuarded && methods.length === 0) {
    problems.push(
      `--auth: expected an authentication method ${where}, as everyone who reaches it would be served: make a key with ` +
        "luno-mcp-server keys create NAME, or add --jwt-issuer, or --ssl-client-ca; --unsafe-expose serves everybody",
    );
  }
  // Such a runtime writes the keys of every TLS connection to a file, where others may read them.
  if (!isLocal && keyLog !== "") {
    problems.push(`SSLKEYLOGFILE: expected nothing ${where}, as it gives connections away: unset it`);
  }
  if (!isGuarded && auth === "required" && methods.length === 0) {
    problems.push(
      "--auth: expected an authentication method, as required admits nobody without one: make a key with luno-mcp-server keys " +
        "create NAME, or add --jwt-issuer, or --ssl-client-ca",
    );
  }
  return problems;
}
