/**
 * The tools as an OpenAPI 3.1 document, derived from the listing: every tool is a path, its schemas are the
 * operation's.
 */

import type { ListingEntry } from "./listing.ts";

/** The facts that a document describes. */
export interface ApiFacts {
  readonly identity: { readonly name: string; readonly version: string };
  readonly listing: readonly ListingEntry[];
  /**
   * How clients authenticate, if they must; any one suffices.
   *
   * @default []
   */
  readonly credentials?: readonly Credential[];
}

/** A way to authenticate: an API key or token as `Authorization: Bearer`, or a client certificate. */
export type Credential = "bearer" | "certificate";

const SECURITY_SCHEMES = {
  bearer: { type: "http", scheme: "bearer", description: "An API key of this server, or an access token for it" },
  certificate: { type: "mutualTLS", description: "The certificate that the connection was opened with" },
} as const satisfies Record<Credential, unknown>;

/** Arguments of which a call gives exactly one (`oneOf`) or at least one (`anyOf`). */
const CHOICES: Readonly<Record<string, readonly [rule: "oneOf" | "anyOf", names: readonly [string, ...string[]]]>> = {
  get_order_status: ["oneOf", ["order_id", "client_order_id"]],
  cancel_order: ["oneOf", ["order_id", "client_order_id"]],
  replace_order: ["oneOf", ["order_id", "client_order_id"]],
  get_transaction_history: ["anyOf", ["account_id", "currency"]],
  get_pending_transactions: ["anyOf", ["account_id", "currency"]],
  list_transfers: ["anyOf", ["account_id", "currency"]],
  place_order: ["anyOf", ["preview_id", "pair"]],
};

/** Example arguments of a first call, by name; all others follow from the schemas. */
const EXAMPLE_ARGUMENTS: Readonly<Record<string, unknown>> = {
  pair: "XBTZAR",
  account_id: "319232323",
  order_id: "BXMC2CJ7HNB88U4",
  preview_id: "pv-0123456789abcdef0123456789abcdef",
  transaction_id: "1",
  side: "BUY",
  reason: "checking",
};

const GROUPS = {
  market: "Public market data",
  account: "The account that the server has a key of; reads only",
  trading: "Orders of that account",
  server: "The server itself",
} as const satisfies Record<ListingEntry["group"], string>;

/** Statuses that every tool may answer beside 200. */
const PROBLEMS = {
  400: "An argument or the body is wrong",
  401: "Authentication failed: a credential is missing or not valid",
  403: "Your identity may not do this, or the Host or Origin header is not allowed",
  404: "There is no such tool, or what the arguments name does not exist",
  408: "The body did not arrive in time",
  409: "The exchange's state does not allow it",
  413: "The body is too large",
  415: "The body is not application/json",
  424: "The server's own access to the exchange is missing, refused or too narrow: only its operator can correct that",
  429: "Too many calls; Retry-After says when to try again",
  500: "The server failed",
  502: "The exchange could not be reached or did not make sense",
  503: "The exchange is not available; Retry-After may say when to try again",
  504: "The exchange did not answer in time",
} as const;

/** Creates the document. */
export function describeApi({ identity, listing, credentials = [] }: ApiFacts): Record<string, unknown> {
  const groups = Object.entries(GROUPS).filter(([name]) => listing.some(({ group }) => group === name));
  return {
    openapi: "3.1.0",
    info: {
      title: identity.name,
      version: identity.version,
      summary: "The Luno exchange for programs and language models",
      description: "Amounts are exact decimal strings; prices are counter per base. " +
        "The same tools are served over the Model Context Protocol at /mcp.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    ...(credentials.length === 0 ? {} : { security: credentials.map((name) => ({ [name]: [] })) }),
    tags: groups.map(([name, description]) => ({ name, description })),
    paths: {
      "/v1/tools": { get: LIST_OPERATION },
      ...Object.fromEntries(listing.map((entry) => [`/v1/tools/${entry.tool.name}`, { post: describeTool(entry) }])),
      "/openapi.json": { get: DOCUMENT_OPERATION },
    },
    components: {
      schemas: { Problem: PROBLEM, ListedTool: LISTED_TOOL },
      responses: describeProblems(),
      ...(credentials.length === 0
        ? {}
        : { securitySchemes: Object.fromEntries(credentials.map((name) => [name, SECURITY_SCHEMES[name]])) }),
    },
  };
}

function describeTool({ group, scope, tool }: ListingEntry): Record<string, unknown> {
  const { name, title, description, inputSchema, outputSchema } = tool;
  const required = inputSchema.required ?? [];
  return {
    operationId: name,
    tags: [group],
    summary: title,
    description,
    "x-scope": scope,
    requestBody: {
      required: required.length > 0 || choiceOf(name) !== undefined,
      content: {
        "application/json": {
          schema: { ...inputSchema, ...choiceSchema(name) },
          example: exampleArguments(name, required),
        },
      },
    },
    responses: {
      200: { description: "The tool's answer", content: { "application/json": { schema: outputSchema } } },
      ...Object.fromEntries(
        Object.keys(PROBLEMS).map((status) => [status, { $ref: `#/components/responses/Problem${status}` }]),
      ),
    },
  };
}

function choiceOf(name: string): (typeof CHOICES)[string] | undefined {
  return Object.hasOwn(CHOICES, name) ? CHOICES[name] : undefined;
}

/** The JSON Schema of a choice. */
function choiceSchema(name: string): Record<string, unknown> {
  const [rule, names] = choiceOf(name) ?? [];
  return rule === undefined ? {} : { [rule]: names?.map((each) => ({ required: [each] })) };
}

function exampleArguments(name: string, required: readonly string[]): Record<string, unknown> {
  const chosen = choiceOf(name)?.[1].slice(0, 1) ?? [];
  return Object.fromEntries([...required, ...chosen].map((each) => [each, EXAMPLE_ARGUMENTS[each]]));
}

function describeProblems(): Record<string, unknown> {
  const content = { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } };
  const headers = {
    "Retry-After": { description: "Seconds to wait", schema: { type: "integer", minimum: 0 } },
  };
  return Object.fromEntries(
    Object.entries(PROBLEMS).map(([status, description]) => [
      `Problem${status}`,
      { description, content, ...(status === "429" || status === "503" ? { headers } : {}) },
    ]),
  );
}

/** Possible errors of operations that only authenticate. */
const ACCESS_PROBLEMS = {
  401: { $ref: "#/components/responses/Problem401" },
  403: { $ref: "#/components/responses/Problem403" },
} as const;

const LIST_OPERATION = {
  operationId: "list_tools",
  summary: "Tools",
  description: "Every tool with the schemas of its arguments and its answer.",
  responses: {
    200: {
      description: "The tools",
      content: {
        "application/json": {
          schema: {
            type: "object",
            properties: { tools: { type: "array", items: { $ref: "#/components/schemas/ListedTool" } } },
            required: ["tools"],
          },
        },
      },
    },
    ...ACCESS_PROBLEMS,
  },
};

const DOCUMENT_OPERATION = {
  operationId: "get_openapi",
  summary: "This document",
  responses: {
    200: { description: "An OpenAPI 3.1 document", content: { "application/json": { schema: { type: "object" } } } },
    ...ACCESS_PROBLEMS,
  },
};

const LISTED_TOOL = {
  type: "object",
  properties: {
    name: { type: "string" },
    title: { type: "string" },
    description: { type: "string" },
    inputSchema: { type: "object" },
    outputSchema: { type: "object" },
    annotations: { type: "object" },
    group: { type: "string" },
    scope: { type: "string" },
  },
  required: ["name", "title", "description", "inputSchema", "outputSchema", "annotations", "group", "scope"],
};

const PROBLEM = {
  type: "object",
  description: "Problem details as in RFC 9457; `code` is stable, `exchange` holds the exchange's own words",
  properties: {
    type: { type: "string", format: "uri-reference" },
    title: { type: "string" },
    status: { type: "integer", minimum: 400, maximum: 599 },
    detail: { type: "string" },
    code: { type: "string", pattern: "^ERR_[A-Z_]+$" },
    retryable: { type: "boolean" },
    retry_after_ms: { type: "integer", minimum: 0 },
    fields: {
      type: "array",
      items: {
        type: "object",
        properties: { field: { type: "string" }, problem: { type: "string" } },
        required: ["field", "problem"],
      },
    },
    suggestions: { type: "array", items: { type: "string" } },
    exchange: {
      type: "object",
      properties: {
        code: { type: "string" },
        status: { type: "integer" },
        text: { type: "string" },
        trace_id: { type: "string" },
      },
    },
  },
  required: ["type", "title", "status", "detail", "code", "retryable"],
  example: {
    type: "about:blank",
    title: "Bad Request",
    status: 400,
    detail: "Invalid arguments for get_crypto_price: pair: expected a pair such as XBTZAR",
    code: "ERR_INVALID_ARGUMENT",
    retryable: false,
    fields: [{ field: "pair", problem: "expected a pair such as XBTZAR" }],
  },
};
