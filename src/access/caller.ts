/** An authenticated client: its identity and, at any moment, what it may do. */

import { SCOPES } from "./scopes.ts";
import type { Scope } from "./scopes.ts";

/** Who calls, as far as those who answer may know. */
export interface CallerFacts {
  /** Such as `local` or `key:alice`. */
  readonly identity: string;
  /** Its connection in the log, such as `c12`; absent where it has none of its own. */
  readonly connection?: string | undefined;
  /** Whether it may do this now; asked again each time. */
  allows(scope: Scope): boolean;
}

/** The user who started the process, with every right that it has. */
export const LOCAL_CALLER: CallerFacts = { identity: "local", allows: () => true };

/** Where an identity comes from. */
export type Source = "local" | "address" | "key" | "token" | "certificate";

/** What a client was authenticated by. */
export interface Credential {
  /** `local`, `key:NAME`, `token:SUBJECT`, `cert:SAN` or `address:IP`: no two sources can name the same one. */
  readonly identity: string;
  readonly source: Source;
  /** What the credential itself allows. */
  readonly scopes: ReadonlySet<Scope>;
  /** Wall clock, milliseconds since the Unix epoch; absent when it never ends. */
  readonly expiresAt?: number;
  /** Tells whether it has been taken back since it was shown. */
  isRevoked?(): boolean;
}

/** Limits of one identity; what is absent is as the settings say. */
export interface IdentityLimits {
  /** Requests a minute. */
  readonly rateLimit?: number;
  readonly maxConnections?: number;
  /** Requests of one connection that run side by side. */
  readonly maxInFlight?: number;
}

/** What the operator grants, which may change while a caller is connected. */
export interface Grants {
  allows(credential: Credential, scope: Scope): boolean;
  limitsOf(identity: string): IdentityLimits;
}

/** Why a credential that was good is so no longer. */
export type Ending = "expired" | "revoked";

/** What a {@linkcode Caller} is made of. */
export interface CallerParts {
  readonly credential: Credential;
  /** The IP address that it calls from, IPv6 without brackets. */
  readonly address: string;
  readonly grants: Grants;
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** The scopes that this connection asked to be held to. */
  readonly narrowed?: ReadonlySet<Scope>;
  /** Its connection in the log. */
  readonly connection?: string;
}

/** A caller; asks again at every question, so that rights which are taken away act at once. */
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

  /** What this connection asked to be held to, as one text; two requests with the same text have the same rights. */
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

  /** Everything that it may do now. */
  get scopes(): Scope[] {
    return SCOPES.filter((scope) => this.allows(scope));
  }

  /** Its limits as they are now. */
  get limits(): IdentityLimits {
    return this.#parts.grants.limitsOf(this.identity);
  }

  /** Why its credential no longer counts, if it does not. */
  ending(): Ending | undefined {
    const { credential, now } = this.#parts;
    if (credential.expiresAt !== undefined && now() >= credential.expiresAt) return "expired";
    return credential.isRevoked?.() ? "revoked" : undefined;
  }

  /** The same caller, on a connection that the log names so. */
  on(connection: string): Caller {
    return new Caller({ ...this.#parts, connection });
  }

  /** The same caller, held to fewer scopes. */
  narrowedTo(scopes: ReadonlySet<Scope>): Caller {
    const { narrowed } = this.#parts;
    return new Caller({ ...this.#parts, narrowed: narrowed === undefined ? scopes : scopes.intersection(narrowed) });
  }
}
