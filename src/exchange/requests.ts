/** Builds the HTTP request of a call from its parameters. */

import { z } from "zod";
import { isLoopback } from "../network/address.ts";
import type { Endpoint } from "./endpoint.ts";
import { ExchangeError } from "./errors.ts";
import { cannot } from "./refusals.ts";
import type { RequestParams } from "./request_params.ts";
import type { WireRequest } from "./wire.ts";

/** What all requests of a client share. */
export interface RequestDefaults {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly userAgent: string;
  /** The `Authorization` header, when the call needs a key. */
  readonly authorization?: string | undefined;
}

/**
 * Checks the parameters and builds the request: query string for reads, form body for writes, arrays as repeated keys.
 *
 * @throws {ExchangeError} `ERR_ARGUMENT_REFUSED` when a parameter is invalid
 */
export function buildRequest(endpoint: Endpoint, params: unknown, defaults: RequestDefaults): WireRequest {
  const checked = endpoint.params.safeParse(params);
  if (!checked.success) throw argumentRefused(endpoint, checked.error);
  const { path, rest } = fillPath(endpoint.path, checked.data);
  const encoded = encode(rest);
  const headers: Record<string, string> = { accept: "application/json", "user-agent": defaults.userAgent };
  if (defaults.authorization !== undefined) headers.authorization = defaults.authorization;
  const url = defaults.origin + path;
  if (endpoint.method === "GET") {
    return { method: endpoint.method, url: encoded === "" ? url : `${url}?${encoded}`, headers };
  }
  headers["content-type"] = "application/x-www-form-urlencoded";
  return { method: endpoint.method, url, headers, body: encoded };
}

/**
 * Parses an address that is only scheme, host and port.
 *
 * @throws {TypeError} when it has more, or when credentials would travel unencrypted to another machine
 */
export function parseOrigin(text: string, { hasCredentials }: { readonly hasCredentials: boolean }): string {
  const url = new URL(text);
  if (url.href !== `${url.origin}/`) {
    throw new TypeError("Cannot use the address as it is not scheme, host and port only");
  }
  if (url.protocol !== "https:" && !(url.protocol === "http:" && (isLoopback(url.hostname) || !hasCredentials))) {
    throw new TypeError("Cannot use the address as credentials travel by https only, except on this machine");
  }
  return url.origin;
}

/** The value of `Authorization` for HTTP Basic. */
export function basicAuthorization(id: string, secret: string): string {
  return `Basic ${new TextEncoder().encode(`${id}:${secret}`).toBase64()}`;
}

function fillPath(template: string, params: RequestParams): { path: string; rest: RequestParams } {
  if (!template.includes("{id}")) return { path: template, rest: params };
  const { id, ...rest } = params;
  return { path: template.replace("{id}", encodeURIComponent(String(id))), rest };
}

function encode(params: RequestParams): string {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined) continue;
    for (const each of Array.isArray(value) ? value : [value]) pairs.append(name, String(each));
  }
  return pairs.toString();
}

function argumentRefused(endpoint: Endpoint, error: z.ZodError): ExchangeError {
  const problems = error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join(".")}: ${message}`
  );
  return new ExchangeError(cannot(endpoint, `its arguments are wrong: ${problems.join("; ")}`), {
    code: "ERR_ARGUMENT_REFUSED",
  });
}
