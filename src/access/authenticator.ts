/**
 * Finds out who calls, before anything of a request runs: a ticket, an API key, a token, a certificate or, on loopback
 * and where nothing else is configured, the person at this machine.
 *
 * Only headers are looked at. How a refusal looks on the wire is left to `challenge.ts`.
 */

import { ALL_SCOPES, isScope } from "./scopes.ts";
import type { Scope } from "./scopes.ts";
import { looksLikeApiKey } from "./api_key.ts";
import { CREDENTIAL_NAME } from "./credential_names.ts";
import { Caller } from "./caller.ts";
import type { Credential, Grants } from "./caller.ts";
import type { HeaderFields } from "../network/header_fields.ts";
import { parseUrl } from "../network/parse_url.ts";
import { whenAnswered } from "../timing/awaitable.ts";
import type { Awaitable } from "../timing/awaitable.ts";
import type { TrustedProxies } from "./forwarding.ts";
import type { TokenVerdict } from "./jwt.ts";
import { TICKET_PREFIX } from "./tickets.ts";
import type { Tickets } from "./tickets.ts";

/** What API keys and certificates answer; `reason` is for the operator's log. */
export type SourceVerdict =
  | { readonly ok: true; readonly credential: Credential }
  | {
    readonly ok: false;
    readonly reason: string;
    /** Where it cannot be told now, and may be later. */
    readonly retryAfterMs?: number;
  };

/** The sources that are configured, and the rules; read again for each request, as keys may come while a server runs. */
export interface AuthenticatorParts {
  readonly keys?: { verify(text: string): SourceVerdict | Promise<SourceVerdict> } | undefined;
  readonly tokens?: { verify(text: string): Promise<TokenVerdict> } | undefined;
  readonly certificates?: { verify(der: Uint8Array): SourceVerdict } | undefined;
  /** The identity of clients without a credential, where no source is configured; absent where one is demanded. */
  readonly anonymous?: ((address: string, isForwarded: boolean) => Credential | undefined) | undefined;
  /** Brings the sources up to date; nothing to wait for where they are. */
  readonly freshen?: (() => Promise<void> | undefined) | undefined;
  readonly tickets: Tickets;
  readonly proxies: TrustedProxies;
  readonly grants: Grants;
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** What a request shows of its sender. */
export interface Sender {
  readonly address: string;
  /** DER of the certificate that the connection was opened with. */
  readonly certificate?: Uint8Array;
}

/** The part of a request that says who sent it. */
export interface RequestHead {
  readonly url: string;
  readonly headers: HeaderFields;
}

/** Why a client is not authenticated; `reason` is for the operator's log alone. */
export interface Denial {
  readonly status: 400 | 401 | 403 | 503;
  readonly reason: string;
  /** The identity, where it is known who was refused. */
  readonly address: string;
  readonly hasCredential: boolean;
  readonly retryAfterMs?: number;
}

/** The outcome of looking at one request. */
export type Authentication =
  | { readonly ok: true; readonly caller: Caller }
  | { readonly ok: false; readonly denial: Denial };

type Verified = { readonly credential: Credential } | Omit<Denial, "address" | "hasCredential">;

/** What a subprotocol begins with that carries a credential elsewhere. */
const CREDENTIAL_PROTOCOL =
  /^(ticket|access_?token|bearer|token|auth(orization)?|base64url\.bearer|api_?key|jwt)[.:=-]/i;

const JWT_FORM = /^eyJ[\w-]*\.[\w-]+\.[\w-]*$/;

/** The scheme of RFC 6750; what follows it is one word. */
const BEARER = /^Bearer +([\x21-\x7e]+)$/i;

/** Authenticates callers, or says why not. */
export class Authenticator {
  readonly #parts: AuthenticatorParts;

  constructor(parts: AuthenticatorParts) {
    this.#parts = parts;
  }

  /** Looks at a request's headers and address. Never rejects for what a client sent. */
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
    const isMisplaced = !headers.has("authorization") && hasCredentialElsewhere(headers, ticket);
    const hasCredential = headers.has("authorization") || ticket !== undefined || isInQuery || isMisplaced;
    const refuse = (denial: Omit<Denial, "address" | "hasCredential">): Authentication => ({
      ok: false,
      denial: { ...denial, address, hasCredential },
    });
    // A credential that cannot be checked is refused, never ignored: its owner expects that it counts.
    if (this.#parts.anonymous !== undefined && (headers.has("authorization") || isInQuery)) {
      return refuse({ status: 401, reason: "source_not_configured" });
    }
    if (isInQuery) return refuse({ status: 400, reason: "credential_in_query" });
    if (isMisplaced) return refuse({ status: 401, reason: "credential_misplaced" });
    const narrowed = narrowing(headers, query);
    if (narrowed === "unknown") return refuse({ status: 400, reason: "scope_unknown" });
    const known = ticket === undefined ? undefined : this.#parts.tickets.redeem(ticket);
    if (ticket !== undefined && known === undefined) return refuse({ status: 401, reason: "ticket_unusable" });
    if (known !== undefined) return { ok: true, caller: narrowed === undefined ? known : known.narrowedTo(narrowed) };
    const verifying = this.#verify(headers, { ...sender, address, isForwarded: isUnbelieved || isForwarded });
    return whenAnswered(verifying, (verified): Authentication => {
      if (!("credential" in verified)) return refuse(verified);
      const { grants, now } = this.#parts;
      const caller = new Caller({ credential: verified.credential, address, grants, now });
      // A token may be a little late by the issuer's clock, and a connection outlive its certificate.
      const ending = caller.ending();
      if (ending !== undefined) return refuse({ status: 401, reason: ending });
      return { ok: true, caller: narrowed === undefined ? caller : caller.narrowedTo(narrowed) };
    });
  }

  /** A credential that was sent is the one that counts; without one it is the certificate. */
  #verify(headers: HeaderFields, sender: Sender & { readonly isForwarded: boolean }): Awaitable<Verified> {
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
    const credential = anonymous(sender.address, sender.isForwarded);
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

/** The person at this machine. */
export const LOCAL: Credential = { identity: "local", source: "local", scopes: ALL_SCOPES };

/** A client of which nothing is known but the address: for servers that are exposed on purpose; reads only. */
export function addressCredential(address: string): Credential {
  return { identity: `address:${address}`, source: "address", scopes: new Set(["market:read", "account:read"]) };
}

/** A ticket opens a WebSocket and nothing else, least of all the way to the next ticket. */
function ticketOf(headers: HeaderFields): string | undefined {
  if (!headers.has("upgrade")) return undefined;
  const offered = headers.get("sec-websocket-protocol")?.split(",").map((protocol) => protocol.trim()) ?? [];
  return offered.find((protocol) => protocol.startsWith(TICKET_PREFIX))?.slice(TICKET_PREFIX.length);
}

/** The query, where there is one. */
function queryOf(url: string): URLSearchParams | undefined {
  return url.includes("?") ? parseUrl(url)?.searchParams : undefined;
}

/** A credential in a header that is not for it, where it would count for nothing. */
function hasCredentialElsewhere(headers: HeaderFields, ticket: string | undefined): boolean {
  const protocols = headers.get("sec-websocket-protocol")?.split(",").map((protocol) => protocol.trim()) ?? [];
  if (protocols.some((word) => word !== `${TICKET_PREFIX}${ticket}` && isCredentialProtocol(word))) return true;
  for (const [name, value] of headers) {
    if ((name !== "authorization" && CREDENTIAL_NAME.test(name))) return true;
    if (name !== "cookie" && name !== "authorization" && isCredential(value)) return true;
  }
  return false;
}

/** Whether a text is a credential, or a scheme and one. */
function isCredential(text: string): boolean {
  const word = text.slice(text.lastIndexOf(" ") + 1);
  return looksLikeApiKey(word) || (word.startsWith("eyJ") && JWT_FORM.test(word));
}

function isCredentialProtocol(word: string): boolean {
  return CREDENTIAL_PROTOCOL.test(word) || looksLikeApiKey(word) || JWT_FORM.test(word);
}

function hasCredentialIn(query: URLSearchParams): boolean {
  return [...query].some(([name, value]) => CREDENTIAL_NAME.test(name) || isCredential(value));
}

/** The scopes that a request asks to be held to, from the header or, for browsers, the query. */
function narrowing(
  headers: HeaderFields,
  query: URLSearchParams | undefined,
): ReadonlySet<Scope> | undefined | "unknown" {
  const header = headers.get("x-luno-scopes");
  const texts = [...header === null ? [] : [header], ...query?.getAll("scopes") ?? []];
  if (texts.length === 0) return undefined;
  const sets: ReadonlySet<Scope>[] = [];
  for (const text of texts) {
    const words = text.split(/[\s,]+/).filter((word) => word !== "");
    if (!words.every(isScope)) return "unknown";
    sets.push(new Set(words));
  }
  return sets.reduce((one, other) => one.intersection(other));
}
