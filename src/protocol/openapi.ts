/** The tools as an OpenAPI 3.1 document, made from the listing: every tool is a path, its schemas are the operation's. */

import type { ListingEntry } from "./listing.ts";

/** What a document describes. */
export interface ApiFacts {
  readonly identity: { readonly name: string; readonly version: string };
  readonly listing: readonly ListingEntry[];
}

/** Arguments as a first call would have them, by name; the rest is left to the schemas. */
const EXAMPLE_ARGUMENTS: Readonly<Record<string, unknown>> = {
  pair: "XBTZAR",
  account_id: "319232323",
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
  404: "There is no such tool, or what the arguments name does not exist",
  408: "The body did not arrive in time",
  409: "The exchange's state does not allow it",
  413: "The body is too large",
  415: "The body is not application/json",
  424: "The server's own access to the exchange is missing, refused or too narrow: only its operator can mend that",
  429: "Too many calls; Retry-After says when to come again",
  500: "The server failed",
  502: "The exchange could not be reached or did not make sense",
  503: "The exchange is not available; Retry-After may say when to come again",
  504: "The exchange did not answer in time",
} as const;

/** Makes the document. */
export function describeApi({ identity, listing }: ApiFacts): Record<string, unknown> {
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
    tags: groups.map(([name, description]) => ({ name, description })),
    paths: {
      "/v1/tools": { get: LIST_OPERATION },
      ...Object.fromEntries(listing.map((entry) => [`/v1/tools/${entry.tool.name}`, { post: describeTool(entry) }])),
      "/openapi.json": { get: DOCUMENT_OPERATION },
    },
    components: { schemas: { Problem: PROBLEM, ListedTool: LISTED_TOOL }, responses: describeProblems() },
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
      required: required.length > 0,
      content: { "application/json": { schema: inputSchema, example: exampleArguments(required) } },
    },
    responses: {
      200: { description: "The tool's answer", content: { "application/json": { schema: outputSchema } } },
      ...Object.fromEntries(
        Object.keys(PROBLEMS).map((status) => [status, { $ref: `#/components/responses/Problem${status}` }]),
      ),
    },
  };
}

function exampleArguments(required: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(required.map((name) => [name, EXAMPLE_ARGUMENTS[name]]));
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
  },
};

const DOCUMENT_OPERATION = {
  operationId: "get_openapi",
  summary: "This document",
  responses: {
    200: { description: "An OpenAPI 3.1 document", content: { "application/json": { schema: { type: "object" } } } },
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
