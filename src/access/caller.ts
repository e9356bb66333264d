/** An authenticated client: its identity and its current rights. */

import { SCOPES } from "./scopes.ts";
import type { Scope } from "./scopes.ts";

/** The part of a caller that tools and protocol code may see. */
export interface CallerFacts {
  /** Such as `local` or `key:alice`. */
  readonly identity: string;
  /** Its connection in the log, such as `c12`; absent when it has none of its own. */
  readonly connection?: string | undefined;
  /** Whether it may do this now; checked anew on each call. */
  allows(scope: Scope): boolean;
}

/** The user who started the process, with every right. */
export const LOCAL_CALLER: CallerFacts = { identity: "local", allows: () => true };

/** How an identity was established. */
export type Source = "local" | "address" | "key" | "token" | "certificate";

/** The credential that a client was authenticated by. */
export interface Credential {
  /**
   * `local`, `key:NAME`, `token:SUBJECT`, `cert:SAN` or `address:IP`: no two kinds of credentials share an identity.
   */
  readonly identity: string;
  readonly source: Source;
  /** The scopes of the credential itself. */
  readonly scopes: ReadonlySet<Scope>;
  /** Wall clock, milliseconds since the Unix epoch; absent when it never expires. */
  readonly expiresAt?: number;
  /** Tells whether it has been revoked since it was presented. */
  isRevoked?(): boolean;
}

/** Limits of one identity; the settings apply to whatever is absent. */
export interface IdentityLimits {
  /** Requests per minute. */
  readonly rateLimit?: number;
  readonly maxConnections?: number;
  /** Concurrent requests of one connection. */
  readonly maxInFlight?: number;
}

/** The operator's grants, which may change while a caller is connected. */
export interface Grants {
  allows(credential: Credential, scope: Scope): boolean;
  limitsOf(identity: string): IdentityLimits;
}

/** Why a credential is no longer valid. */
export type Ending = "expired" | "revoked";

/** Parts of a {@linkcode Caller}. */
export interface CallerParts {
  readonly credential: Credential;
  /** Its IP address; IPv6 without brackets. */
  readonly address: string;
  readonly grants: Grants;
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** The scopes that this connection asked to be limited to. */
  readonly narrowed?: ReadonlySet<Scope>;
  /** Its connection in the log. */
  readonly connection?: string;
}

/** A caller; evaluates its rights on every call, so that revoked rights take effect at once. */
export class Caller implements CallerFacts {
  readonly #parts: CallerParts;

  constructor(parts: CallerParts) {
    this.#parts = parts;
  }

  get identity(): string {
    return this.#parts.credential.identity;
  }

  get source(): Source {
    return this.#parts.credential.source;
  }

  get address(): string {
    return this.#parts.address;
  }

  /** Its connection in the log, such as `c12`; absent for requests over HTTP. */
  get connection(): string | undefined {
    return this.#parts.connection;
  }

  get credential(): Credential {
    return this.#parts.credential;
  }

  /**
   * The scopes that this connection asked to be limited to, as one text; requests with equal texts have equal rights.
   */
  get narrowing(): string {
    const { narrowed } = this.#parts;
    return narrowed === undefined ? "" : SCOPES.filter((scope) => narrowed.has(scope)).join(" ") || "none";
  }

  /** Tells whether it may do this now. */
  allows(scope: Scope): boolean {
    const { credential, grants, narrowed } = this.#parts;
    return credential.scopes.has(scope) && (narrowed?.has(scope) ?? true) && grants.allows(credential, scope) &&
      this.ending() === undefined;
  }

  /** Its current scopes. */
  get scopes(): Scope[] {
    return SCOPES.filter((scope) => this.allows(scope));
  }

  /** Its current limits. */
  get limits(): IdentityLimits {
    return this.#parts.grants.limitsOf(this.identity);
  }

  /** Why its credential is no longer valid; `undefined` while it is. */
  ending(): Ending | undefined {
    const { credential, now } = this.#parts;
    if (credential.expiresAt !== undefined && now() >= credential.expiresAt) return "expired";
    return credential.isRevoked?.() ? "revoked" : undefined;
  }

  /** The same caller, with a connection for the log. */
  on(connection: string): Caller {
    return new Caller({ ...this.#parts, connection });
  }

  /** The same caller, limited to fewer scopes. */
  narrowedTo(scopes: ReadonlySet<Scope>): Caller {
    const { narrowed } = this.#parts;
    return new Caller({ ...this.#parts, narrowed: narrowed === undefined ? scopes : scopes.intersection(narrowed) });
  }
}
