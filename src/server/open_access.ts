/** Opens authentication and authorization as configured, and returns every problem that prevents a start. */

import { getLogger } from "../logging/logger.ts";
import { parseAccess } from "../access/access_file.ts";
import { addressCredential, Authenticator, LOCAL } from "../access/authenticator.ts";
import type { AnonymousSender, AuthenticatorParts } from "../access/authenticator.ts";
import type { CertificateSource } from "../access/certificate_source.ts";
import { CredentialWatch } from "../access/credential_watch.ts";
import { TrustedProxies } from "../access/forwarding.ts";
import { CurrentGrants } from "../access/grants.ts";
import type { KeySource } from "../access/key_source.ts";
import type { ResourceFacts } from "../access/resource_metadata.ts";
import { Tickets } from "../access/tickets.ts";
import type { TokenVerifier } from "../access/jwt.ts";
import { readPrivate } from "../config/files.ts";
import { exposureProblems } from "../config/rules/network_rules.ts";
import type { Config } from "../config/server_settings.ts";
import { addressKey, isLoopback, isLoopbackAddress } from "../network/address.ts";
import type { InForce } from "./followed_file.ts";
import { openPublishedAccess } from "./published_access.ts";
import type { PublishedAccess } from "./published_access.ts";
import { RecordChanges } from "./record_changes.ts";
import { openCertificates, openKeys, openTokens, readDenied } from "./identity_sources.ts";
import type { World } from "../world.ts";

const log = getLogger(["luno-mcp-server", "access"]);

/** Everything about access that the server needs. */
export interface Access {
  readonly authenticator: Authenticator;
  readonly grants: CurrentGrants;
  readonly proxies: TrustedProxies;
  readonly tickets: Tickets;
  readonly watch: CredentialWatch;
  /** The metadata of tokens, if they are accepted. */
  readonly resource?: ResourceFacts;
  /** Checks certificates when a connection opens; present when they are required. */
  readonly isCertificateAccepted?: (der: Uint8Array) => boolean;
  /** The configured methods. */
  readonly sources: readonly string[];
  /** Who is admitted without a credential. */
  readonly anonymous: "nobody" | "loopback" | "anybody";
  /** The version of the published access file in force; `null` when none was published. */
  readonly published: InForce | null;
  /** Follows published files from now on; `listener` is called when another version is in force. */
  follow(listener: () => void): void;
  /** Reloads the access file and the deny list; returns their problems, which change nothing. */
  reload(): Promise<string[]>;
  close(): Promise<void>;
}

/** Configured methods, each absent when it is not configured; keys may be created later. */
interface Sources {
  readonly keys: KeySource;
  readonly tokens: TokenVerifier | undefined;
  readonly certificates: CertificateSource | undefined;
}

/** Opens it, or returns every problem. */
export async function openAccess(
  config: Config,
  world: World,
): Promise<{ ok: true; access: Access } | { ok: false; problems: string[] }> {
  const problems: string[] = [];
  const grants = new CurrentGrants();
  await readGrants(config, { grants, problems });
  const changes = await RecordChanges.open(config, { isServer: true });
  const keys = await openKeys(config, world, { changes, problems });
  const published = keys && await openPublishedAccess(config, { grants, problems });
  const tokens = await openTokens(config, world, problems);
  const certificates = await openCertificates(config, world, problems);
  const others = [
    ...(config.jwtIssuer === undefined ? [] : ["tokens"]),
    ...(config.sslClientCa === undefined ? [] : ["certificates"]),
  ];
  const names = [...(keys?.isConfigured ? ["keys"] : []), ...others];
  problems.push(...exposureProblems(config, { methods: names, keyLog: world.env("SSLKEYLOGFILE") }));
  if (keys === undefined || problems.length > 0) {
    await Promise.all([changes.close(), keys?.close(), published?.close()]);
    return { ok: false, problems };
  }
  return {
    ok: true,
    access: joinAccess(config, world, { sources: { keys, tokens, certificates }, others, grants, changes, published }),
  };
}

function joinAccess(
  config: Config,
  world: World,
  { sources, others, grants, changes, published }: {
    sources: Sources;
    others: readonly string[];
    grants: CurrentGrants;
    changes: RecordChanges;
    published: PublishedAccess | undefined;
  },
): Access {
  const { keys, certificates } = sources;
  const watch = new CredentialWatch(() => keys.refresh());
  changes.listen(["access"], () => void published?.file.look());
  const tickets = new Tickets({ now: world.monotonic });
  const isDemanded = () => others.length > 0 || config.auth === "required" || keys.isConfigured;
  const proxies = new TrustedProxies(config.trustedProxies);
  const anonymous = anonymousFor(config, isDemanded);
  return {
    authenticator: createAuthenticator(sources, {
      anonymous: () => isDemanded() ? undefined : anonymous,
      tickets,
      proxies,
      grants,
      now: world.now,
    }),
    grants,
    proxies,
    tickets,
    watch,
    ...resourceOf(config),
    ...(certificates === undefined ? {} : { isCertificateAccepted: (der) => isCertificateAccepted(certificates, der) }),
    get sources() {
      return [...(keys.isConfigured ? ["keys"] : []), ...others];
    },
    get anonymous() {
      if (isDemanded()) return "nobody";
      return config.unsafeExpose ? "anybody" : "loopback";
    },
    get published() {
      return published?.file.inForce ?? null;
    },
    follow(listener) {
      published?.file.follow(() => {
        listener();
        watch.look();
      });
    },
    async reload() {
      await published?.file.look();
      return await reloadAccess(config, { grants, certificates });
    },
    async close() {
      await changes.close();
      await Promise.all([keys.close(), published?.close()]);
    },
  };
}

/** Asks for keys and `anonymous` at each request, as keys may be created meanwhile. */
function createAuthenticator(
  { keys, tokens, certificates }: Sources,
  { anonymous, ...rules }: Pick<AuthenticatorParts, "tickets" | "proxies" | "grants" | "now"> & {
    readonly anonymous: () => AuthenticatorParts["anonymous"];
  },
): Authenticator {
  return new Authenticator({
    get keys() {
      return keys.isConfigured ? keys : undefined;
    },
    freshen: () => keys.freshen(),
    tokens,
    certificates,
    get anonymous() {
      return anonymous();
    },
    ...rules,
  });
}

async function reloadAccess(
  config: Config,
  { grants, certificates }: { grants: CurrentGrants; certificates: CertificateSource | undefined },
): Promise<string[]> {
  const problems: string[] = [];
  await readGrants(config, { grants, problems });
  const denied = await readDenied(config, problems);
  if (denied !== undefined) certificates?.deny(denied);
  return problems;
}

function isCertificateAccepted(certificates: CertificateSource, der: Uint8Array): boolean {
  const verdict = certificates.verify(der);
  if (!verdict.ok) log.warning("refused", { reason: verdict.reason, source: "certificate" });
  return verdict.ok;
}

/**
 * On loopback the local user; elsewhere, on servers that are exposed on purpose, an address. Such an admission ends
 * when clients must authenticate.
 */
function anonymousFor({ host, unsafeExpose }: Config, isRevoked: () => boolean) {
  const local = isLoopback(host) ? { ...LOCAL, isRevoked } : undefined;
  return ({ address, isForwarded }: AnonymousSender) => {
    if (local !== undefined && isLoopbackAddress(address) && !isForwarded) return local;
    return unsafeExpose ? { ...addressCredential(addressKey(address)), isRevoked } : undefined;
  };
}

function resourceOf({ jwtIssuer, jwtAudience }: Config): { resource?: ResourceFacts } {
  return jwtIssuer === undefined || jwtAudience === undefined
    ? {}
    : { resource: { issuer: jwtIssuer, audience: jwtAudience } };
}

async function readGrants(
  { access: path }: Config,
  { grants, problems }: { grants: CurrentGrants; problems: string[] },
): Promise<void> {
  if (path === undefined) return;
  const text = await readPrivate("--access", path, problems);
  if (text === undefined) return;
  const parsed = parseAccess(text);
  if (parsed.ok) grants.replace(parsed.access);
  else problems.push(...parsed.problems.map((problem) => `--access: ${problem}`));
}
