/** Resources: what a client may read without calling a tool. */

import { ProtocolError, ProtocolErrorCode, ResourceNotFoundError } from "@modelcontextprotocol/server";
import type { ReadResourceResult, Resource, ResourceTemplateType } from "@modelcontextprotocol/server";
import { tellableStatus } from "../exchange/clock_skew.ts";
import { endpoints } from "../exchange/endpoints.ts";
import { SCOPES } from "../access/scopes.ts";
import type { Scope } from "../access/scopes.ts";
import { leftOut, warningsOf } from "../tools/inputs.ts";
import type { CallerFacts } from "../access/caller.ts";
import type { Tool, ToolContext, ToolGroup } from "../tools/tool.ts";
import type { ToolOutcome } from "./tool_call.ts";

/** What resources show beside what tools can reach. */
export interface ResourceContext extends ToolContext {
  /** The configuration without secrets. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Milliseconds since the start, monotonic. */
  uptimeMs(): number;
  /** Runs the tools that a resource is made of: measured and logged like any call. */
  readonly run: Run;
}

type Run = (tool: Tool, args: unknown, context: ToolContext) => Promise<ToolOutcome>;

interface ResourceEntry {
  readonly uri: string;
  readonly name: string;
  readonly description: string;
  /** Offered only where this group of tools is. */
  readonly group?: ToolGroup;
  /** Offered only to whom may do this; without it and without a group, to whom may do anything at all. */
  readonly scope?: Scope;
  read(context: ResourceContext): Promise<unknown> | unknown;
}

const RECENT_ROWS = 20;

/** Each takes a call of its own. */
const READ_ACCOUNTS = 20;

const ENTRIES: readonly ResourceEntry[] = [
  {
    uri: "luno://config",
    name: "Configuration",
    description: "The server's settings, without secrets",
    scope: "server:admin",
    read: ({ config }) => config,
  },
  {
    uri: "luno://status",
    name: "Status",
    description: "Version, uptime and the state of the connection to the exchange",
    read: ({ server, exchange, uptimeMs }) => ({
      server: server.name,
      version: server.version,
      exchange: server.exchange,
      credentials: exchange.hasCredentials,
      uptime_ms: Math.round(uptimeMs()),
      ...tellableStatus(exchange.status()),
    }),
  },
  {
    uri: "luno://endpoints",
    name: "Endpoints",
    description: "The calls of the exchange's API that this server can make, with the permission that each needs",
    read: () =>
      Object.entries(endpoints).map(([name, { title, method, path, permission }]) => ({
        name,
        title,
        method,
        path,
        permission,
      })),
  },
  {
    uri: "luno://wallets",
    name: "Wallets",
    description: "All accounts with their balances",
    group: "account",
    read: (context) => runTool("get_accounts", {}, context),
  },
  {
    uri: "luno://transactions",
    name: "Latest transactions",
    description: `The latest ${RECENT_ROWS} ledger rows over all accounts`,
    group: "account",
    read: readLatestTransactions,
  },
];

const ACCOUNT_URI = /^luno:\/\/accounts\/(\d{1,19})$/;

/** The resources as lists show them to a caller that is offered these groups of tools. */
export function listResources(groups: ReadonlySet<ToolGroup>, caller: CallerFacts): Resource[] {
  return ENTRIES.filter((entry) => isOffered(entry, groups, caller))
    .map(({ uri, name, description }) => ({ uri, name, description, mimeType: "application/json" }));
}

/** The templates in lists, for a client that may list these groups of tools. */
export function listResourceTemplates(groups: ReadonlySet<ToolGroup>): ResourceTemplateType[] {
  if (!groups.has("account")) return [];
  return [{
    uriTemplate: "luno://accounts/{id}",
    name: "Account",
    description: `One account with its latest ${RECENT_ROWS} ledger rows`,
    mimeType: "application/json",
  }];
}

/**
 * Reads one resource.
 *
 * @throws {ResourceNotFoundError} when there is no such resource, or it shows what no tool of this caller may show
 * @throws {ProtocolError} when the exchange could not answer; `data` is the tool error
 */
export async function readResource(uri: string, context: ResourceContext): Promise<ReadResourceResult> {
  const accountId = ACCOUNT_URI.exec(uri)?.[1];
  const entry = ENTRIES.find((candidate) => candidate.uri === uri);
  const known = accountId === undefined ? entry : ACCOUNT;
  const groups = new Set(offeredTools(context).map(({ group }) => group));
  if (known === undefined || !isOffered(known, groups, context.caller)) {
    throw new ResourceNotFoundError(uri.slice(0, 200));
  }
  const value = accountId === undefined ? await entry?.read(context) : await readAccount(uri, accountId, context);
  return { contents: [{ uri, mimeType: "application/json", text: JSON.stringify(value) }] };
}

async function readAccount(uri: string, id: string, context: ResourceContext): Promise<unknown> {
  const { accounts } = await runTool("get_accounts", {}, context);
  const account = asRows(accounts).find((row) => row.account_id === id);
  if (account === undefined) throw new ResourceNotFoundError(uri);
  const history = await runTool("get_transaction_history", { account_id: id, limit: RECENT_ROWS }, context);
  const { transactions, left_out } = history;
  return { ...account, transactions, ...(left_out === undefined ? {} : { left_out }) };
}

async function readLatestTransactions(context: ResourceContext): Promise<unknown> {
  const accounts = asRows((await runTool("get_accounts", {}, context)).accounts);
  const histories = await Promise.all(
    accounts.slice(0, READ_ACCOUNTS).map(async ({ account_id, currency }) => {
      const history = await runTool("get_transaction_history", { account_id, limit: RECENT_ROWS }, context);
      const rows = asRows(history.transactions).map((row) => ({ account_id, currency, ...row }));
      return { rows, left_out: Number(history.left_out ?? 0) };
    }),
  );
  const rows: Record<string, unknown>[] = histories.flatMap(({ rows }) => rows);
  const transactions = rows.toSorted((one, other) => String(other.time).localeCompare(String(one.time)));
  return {
    transactions: transactions.slice(0, RECENT_ROWS),
    ...leftOut(histories.reduce((sum, { left_out }) => sum + left_out, 0)),
    ...warningsOf(
      accounts.length > READ_ACCOUNTS
        ? `only the first ${READ_ACCOUNTS} of ${accounts.length} accounts were read`
        : undefined,
    ),
  };
}

async function runTool(
  name: string,
  args: Record<string, unknown>,
  context: ResourceContext,
): Promise<Record<string, unknown>> {
  const tool = context.server.tools.find((candidate) => candidate.name === name);
  if (tool === undefined) throw new TypeError(`Cannot read a resource as there is no tool ${name}`);
  const outcome = await context.run(tool, args, context);
  if (outcome.ok) return outcome.value;
  throw new ProtocolError(ProtocolErrorCode.InternalError, outcome.error.message, outcome.error);
}

/** What of an account's resource decides about who is offered it. */
const ACCOUNT: OfferRule = { group: "account" };

type OfferRule = Pick<ResourceEntry, "group" | "scope">;

function isOffered({ group, scope }: OfferRule, groups: ReadonlySet<ToolGroup>, caller: CallerFacts): boolean {
  const scopes = scope === undefined ? SCOPES : [scope];
  return (group === undefined || groups.has(group)) && scopes.some((each) => caller.allows(each));
}

/** The tools that the caller may use now. */
function offeredTools({ server, caller }: ResourceContext): readonly Tool[] {
  return server.tools.filter(({ scope }) => caller.allows(scope));
}

function asRows(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value : [];
}
