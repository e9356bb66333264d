/**
 * Authenticates a client before any part of its request runs: by ticket, API key, token, certificate or, on loopback
 * and when nothing else is configured, as the local user.
 *
 * Only headers are read. `challenge.ts` decides what a rejection looks like on the wire.
 */

import { ALL_SCOPES, isScope } from "./scopes.ts";
import type { Scope } from "./scopes.ts";
import { looksLikeApiKey } from "./api_key.ts";
import { isCredentialName } from "./credential_names.ts";
import { Caller } from "./caller.ts";
import type { Credential, Grants } from "./caller.ts";
import { someField } from "../network/header_fields.ts";
import type { HeaderFields } from "../network/header_fields.ts";
import { offersWebSocket } from "../network/offers_websocket.ts";
import { parseUrl } from "../network/parse_url.ts";
import { remembered } from "../network/remembered.ts";
import { whenAnswered } from "../timing/awaitable.ts";
import type { Awaitable } from "../timing/awaitable.ts";
import type { TrustedProxies } from "./forwarding.ts";
import type { TokenVerdict } from "./jwt.ts";
import { TICKET_PREFIX } from "./tickets.ts";
import type { Tickets } from "./tickets.ts";

const isCredentialField = remembered(isCredentialName);

/** The verdict on an API key or certificate; `reason` is for the operator's log. */
export type SourceVerdict =
  | { readonly ok: true; readonly credential: Credential }
  | {
    readonly ok: false;
    readonly reason: string;
    /** Present when the credential cannot be checked now, but perhaps later. */
    readonly retryAfterMs?: number;
  };

/**
 * The configured authentication methods and rules; read for each request, as keys may be created while the server runs.
 */
export interface AuthenticatorParts {
  readonly keys?: { verify(text: string): SourceVerdict | Promise<SourceVerdict> } | undefined;
  readonly tokens?: { verify(text: string): Promise<TokenVerdict> } | undefined;
  readonly certificates?: { verify(der: Uint8Array): SourceVerdict } | undefined;
  /**
   * The identity of clients without a credential, when no method is configured; absent when a credential is required.
   */
  readonly anonymous?: ((sender: AnonymousSender) => Credential | undefined) | undefined;
  /** Brings the methods up to date; `undefined` when they already are. */
  readonly freshen?: (() => Promise<void> | undefined) | undefined;
  readonly tickets: Tickets;
  readonly proxies: TrustedProxies;
  readonly grants: Grants;
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** The sender of a request without a credential. */
export interface AnonymousSender {
  readonly address: string;
  /** Whether the request came through a proxy, or says so. */
  readonly isForwarded: boolean;
}

/** What is known of the sender of a request. */
export interface Sender {
  readonly address: string;
  /** DER of the connection's client certificate. */
  readonly certificate?: Uint8Array;
}

/** The parts of a request that identify its sender. */
export interface RequestHead {
  readonly url: string;
  readonly headers: HeaderFields;
}

/** Why a client is not authenticated; `reason` is for the operator's log only. */
export interface Denial {
  readonly status: 400 | 401 | 403 | 503;
  readonly reason: string;
  /** The client's address, to log with the rejection. */
  readonly address: string;
  readonly hasCredential: boolean;
  readonly retryAfterMs?: number;
  /** What the client is told where the status says too little. */
  readonly message?: string;
}

/** The result for one request. */
export type Authentication =
  | { readonly ok: true; readonly caller: Caller }
  | { readonly ok: false; readonly denial: Denial };

type Verified = { readonly credential: Credential } | Omit<Denial, "address" | "hasCredential">;

/** Prefixes of subprotocols that other protocols use to carry a credential. */
const CREDENTIAL_PROTOCOL =
  /^(ticket|access_?token|bearer|token|auth(orization)?|base64url\.bearer|api_?key|jwt)[.:=-]/i;

const JWT_FORM = /^eyJ[\w-]*\.[\w-]+\.[\w-]*$/;

/** Of a word that is no scope, in characters. */
const MAX_SHOWN = 60;

/** The scheme of RFC 6750; what follows it is one word. */
const BEARER = /^Bearer +([\x21-\x7e]+)$/i;

/** Authenticates clients, or says why not. */
export class Authenticator {
  readonly #parts: AuthenticatorParts;

  constructor(parts: AuthenticatorParts) {
    this.#parts = parts;
  }

  /** Checks a request's headers and address. Never rejects because of what a client sent. */
  authenticate(request: RequestHead, sender: Sender): Awaitable<Authentication> {
    const outdated = this.#parts.freshen?.();
    return outdated === undefined ? this.#look(request, sender) : outdated.then(() => this.#look(request, sender));
  }

  #look(request: RequestHead, sender: Sender): Awaitable<Authentication> {
    const { headers } = request;
    const { address, isUnbelieved, isForwarded } = this.#parts.proxies.originate(sender.address, headers);
    const query = queryOf(request.url);
    const ticket = ticketOf(headers);
    const isInQuery = query !== undefined && hasCredentialIn(query);
    const hasAuthorization = headers.has("authorization");
    const isMisplaced = !hasAuthorization && hasCredentialElsewhere(headers, ticket);
    const hasCredential = hasAuthorization || ticket !== undefined || isInQuery || isMisplaced;
    const refuse = (denial: Omit<Denial, "address" | "hasCredential">): Authentication => ({
      ok: false,
      denial: { ...denial, address, hasCredential },
    });
    // A credential that cannot be checked is refused, never ignored: its owner expects it to count.
    if (this.#parts.anonymous !== undefined && (hasAuthorization || isInQuery)) {
      return refuse({ status: 401, reason: "source_not_configured" });
    }
    if (isInQuery) return refuse({ status: 400, reason: "credential_in_query" });
    if (isMisplaced) return refuse({ status: 401, reason: "credential_misplaced" });
    const narrowed = narrowing(headers, query);
    if (typeof narrowed === "string") return refuse({ status: 400, reason: "scope_unknown", message: narrowed });
    const known = ticket === undefined ? undefined : this.#parts.tickets.redeem(ticket);
    if (ticket !== undefined && known === undefined) return refuse({ status: 401, reason: "ticket_unusable" });
    if (known !== undefined) return { ok: true, caller: narrowed === undefined ? known : known.narrowedTo(narrowed) };
    const verifying = this.#verify(headers, { ...sender, address, isForwarded: isUnbelieved || isForwarded });
    return whenAnswered(verifying, (verified): Authentication => {
      if (!("credential" in verified)) return refuse(verified);
      const { grants, now } = this.#parts;
      const caller = new Caller({ credential: verified.credential, address, grants, now });
      // A token may lag behind the issuer's clock, and a connection may outlive its certificate.
      const ending = caller.ending();
      if (ending !== undefined) return refuse({ status: 401, reason: ending });
      return { ok: true, caller: narrowed === undefined ? caller : caller.narrowedTo(narrowed) };
    });
  }

  /** A credential in the request takes precedence over the certificate. */
  #verify(headers: HeaderFields, sender: Sender & AnonymousSender): Awaitable<Verified> {
    const { certificates, anonymous } = this.#parts;
    const authorization = headers.get("authorization");
    if (authorization !== null && this.#asksForBearer) return this.#checkBearer(authorization);
    if (certificates !== undefined) {
      if (authorization !== null) return { status: 401, reason: "source_not_configured" };
      if (sender.certificate === undefined) return { status: 401, reason: "no_certificate" };
      const verdict = certificates.verify(sender.certificate);
      return verdict.ok ? verdict : { status: 401, reason: verdict.reason };
    }
    if (anonymous === undefined) return { status: 401, reason: "no_credential" };
    const credential = anonymous(sender);
    return credential === undefined ? { status: 403, reason: "untrusted_proxy" } : { credential };
  }

  get #asksForBearer(): boolean {
    return this.#parts.keys !== undefined || this.#parts.tokens !== undefined;
  }

  async #checkBearer(authorization: string): Promise<Verified> {
    const { keys, tokens } = this.#parts;
    const text = BEARER.exec(authorization)?.[1];
    if (text === undefined) return { status: 401, reason: "malformed" };
    if (looksLikeApiKey(text) || tokens === undefined) {
      if (keys === undefined) return { status: 401, reason: "source_not_configured" };
      const verdict = await keys.verify(text);
      if (verdict.ok) return verdict;
      const { reason, retryAfterMs } = verdict;
      return retryAfterMs === undefined ? { status: 401, reason } : { status: 503, reason, retryAfterMs };
    }
    const verdict = await tokens.verify(text);
    if (verdict.ok) return { credential: toCredential(verdict) };
    if (verdict.reason !== "keys_unavailable") return { status: 401, reason: verdict.reason };
    return { status: 503, reason: verdict.reason, retryAfterMs: verdict.retryAfterMs };
  }
}

function toCredential({ subject, scopes, expiresAt }: Extract<TokenVerdict, { ok: true }>): Credential {
  return { identity: `token:${subject}`, source: "token", scopes, expiresAt };
}

/** The local user. */
export const LOCAL: Credential = { identity: "local", source: "local", scopes: ALL_SCOPES };

/** A client known only by its address, on servers that are exposed on purpose; may only read. */
export function addressCredential(address: string): Credential {
  return { identity: `address:${address}`, source: "address", scopes: new Set(["market:read", "account:read"]) };
}

/**
 * A ticket opens a WebSocket and nothing else; in particular it cannot obtain another ticket. The listeners answer
 * requests that offer only other upgrades as plain ones, and refuse those that offer WebSocket in another form.
 */
function ticketOf(headers: HeaderFields): string | undefined {
  if (!offersWebSocket(headers.get("upgrade"))) return undefined;
  const offered = headers.get("sec-websocket-protocol")?.split(",").map((protocol) => protocol.trim()) ?? [];
  return offered.find((protocol) => protocol.startsWith(TICKET_PREFIX))?.slice(TICKET_PREFIX.length);
}

/** The query parameters, if any. */
function queryOf(url: string): URLSearchParams | undefined {
  return url.includes("?") ? parseUrl(url)?.searchParams : undefined;
}

/** Whether a header that is not meant for credentials carries one, which would be ignored. */
function hasCredentialElsewhere(headers: HeaderFields, ticket: string | undefined): boolean {
  const protocols = headers.get("sec-websocket-protocol")?.split(",").map((protocol) => protocol.trim()) ?? [];
  if (protocols.some((word) => word !== `${TICKET_PREFIX}${ticket}` && isCredentialProtocol(word))) return true;
  return someField(headers, isMisplacedCredential);
}

function isMisplacedCredential(name: string, value: string): boolean {
  return name !== "authorization" && (isCredentialField(name) || (name !== "cookie" && isCredential(value)));
}

/** Whether a text is a credential, or a scheme followed by one. */
function isCredential(text: string): boolean {
  const word = text.includes(" ") ? text.slice(text.lastIndexOf(" ") + 1) : text;
  return looksLikeApiKey(word) || (word.startsWith("eyJ") && JWT_FORM.test(word));
}

function isCredentialProtocol(word: string): boolean {
  return CREDENTIAL_PROTOCOL.test(word) || looksLikeApiKey(word) || JWT_FORM.test(word);
}

function hasCredentialIn(query: URLSearchParams): boolean {
  return [...query].some(([name, value]) => isCredentialName(name) || isCredential(value));
}

/** The scopes that a request asks to be limited to, from the header or, for browsers, the query; a sentence about one that does not exist. */
function narrowing(
  headers: HeaderFields,
  query: URLSearchParams | undefined,
): ReadonlySet<Scope> | undefined | string {
  const header = headers.get("x-luno-scopes");
  const texts = [...header === null ? [] : [header], ...query?.getAll("scopes") ?? []];
  if (texts.length === 0) return undefined;
  const sets: ReadonlySet<Scope>[] = [];
  for (const text of texts) {
    const words = text.split(/[\s,]+/).filter((word) => word !== "");
    const unknown = words.find((word) => !isScope(word));
    if (unknown !== undefined) return scopeUnknown(unknown);
    sets.push(new Set(words.filter(isScope)));
  }
  return sets.reduce((one, other) => one.intersection(other));
}

function scopeUnknown(word: string): string {
  const known = [...ALL_SCOPES].join(", ");
  return `Unknown scope ${JSON.stringify(word.slice(0, MAX_SHOWN))} in X-Luno-Scopes or scopes=: expected ${known}`;
}
