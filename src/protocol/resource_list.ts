/** The resources and who may see them, for lists; `resources.ts` reads their content. */

import type { Resource, ResourceTemplateType } from "@modelcontextprotocol/server";
import { SCOPES } from "../access/scopes.ts";
import type { Scope } from "../access/scopes.ts";
import type { CallerFacts } from "../access/caller.ts";
import type { ToolGroup } from "../tools/tool.ts";

/** A resource in lists, and who may see it. */
export interface ResourceEntry {
  readonly name: string;
  readonly description: string;
  /** The group of tools that must be enabled. */
  readonly group?: ToolGroup;
  /** The scope that a caller needs; without a scope and a group, any scope suffices. */
  readonly scope?: Scope;
  /**
   * Whether clients may subscribe to it, and whether its changes are the same for all or for one account.
   *
   * @default it does not change
   */
  readonly changes?: "market" | "account";
}

/** The number of ledger rows in a resource. */
export const RECENT_ROWS = 20;

/** The resources by URI. */
export const RESOURCES = {
  "luno://config": {
    name: "Configuration",
    description: "The server's settings, without secrets",
    scope: "server:admin",
  },
  "luno://status": {
    name: "Status",
    description: "Version, uptime and the state of the connection to the exchange",
  },
  "luno://endpoints": {
    name: "Endpoints",
    description: "The calls of the exchange's API that this server can make, with the permission that each needs",
  },
  "luno://wallets": {
    name: "Wallets",
    description: "All accounts with their balances",
    group: "account",
  },
  "luno://transactions": {
    name: "Latest transactions",
    description: `The latest ${RECENT_ROWS} ledger rows over all accounts`,
    group: "account",
  },
  "luno://balances": {
    name: "Balances",
    description: "What each currency holds; supports subscriptions",
    group: "account",
    changes: "account",
  },
  "luno://orders/open": {
    name: "Open orders",
    description: "Your orders that may still trade, latest first; supports subscriptions",
    group: "account",
    changes: "account",
  },
} as const satisfies Readonly<Record<string, ResourceEntry>>;

/** The URI of a resource. */
export type ResourceUri = keyof typeof RESOURCES;

/** Parameterized resources, by URI template. */
export const TEMPLATES = {
  "luno://accounts/{id}": {
    name: "Account",
    description: `One account with its latest ${RECENT_ROWS} ledger rows`,
    group: "account",
  },
  "luno://orders/{id}{?after}": {
    name: "Order",
    description:
      "One of your orders, and the trades that filled it, oldest first; next goes in after to read later ones; supports subscriptions",
    group: "account",
    changes: "account",
  },
  "luno://market/{pair}/ticker": {
    name: "Price",
    description: "The current price of a pair; supports subscriptions",
    group: "market",
    changes: "market",
  },
  "luno://market/{pair}/orderbook": {
    name: "Order book",
    description: "The best bids and asks of a pair; supports subscriptions",
    group: "market",
    changes: "market",
  },
  "luno://market/{pair}/trades": {
    name: "Trades",
    description: "The latest trades of a pair; supports subscriptions",
    group: "market",
    changes: "market",
  },
  "luno://market/{pair}/candles": {
    name: "Candles",
    description: "One hour a candle, the latest of them running; supports subscriptions",
    group: "market",
    changes: "market",
  },
} as const satisfies Readonly<Record<string, ResourceEntry>>;

/** The URI template of resources. */
export type ResourceTemplate = keyof typeof TEMPLATES;

/** A requested resource: one with its own URI, or one of a template. */
export type FoundResource =
  & { readonly entry: ResourceEntry }
  & (
    | { readonly uri: ResourceUri; readonly template?: undefined; readonly value?: undefined }
    | { readonly uri?: undefined; readonly template: ResourceTemplate; readonly value: string; readonly after?: string }
  );

const VALUE = /\{\??\w+\}/g;

/** Valid values of the templates' variables. */
const VALUES: Readonly<Record<string, string>> = {
  "{id}": "([A-Za-z0-9_-]{1,64})",
  "{pair}": "([A-Za-z0-9]{3,20})",
  "{?after}": "(?:\\?after=([A-Za-z0-9_-]{1,400}))?",
};

const PATTERNS = (Object.keys(TEMPLATES) as ResourceTemplate[]).map((template) => ({
  template,
  pattern: new RegExp(`^${template.replace(VALUE, (name) => VALUES[name] ?? "")}$`),
}));

/** Finds a resource by its URI. */
export function findResource(uri: string): FoundResource | undefined {
  if (isResource(uri)) return { uri, entry: RESOURCES[uri] };
  for (const { template, pattern } of PATTERNS) {
    const [, value, after] = pattern.exec(uri) ?? [];
    if (value === undefined) continue;
    return { template, value, entry: TEMPLATES[template], ...(after === undefined ? {} : { after }) };
  }
  return undefined;
}

function isResource(uri: string): uri is ResourceUri {
  return Object.hasOwn(RESOURCES, uri);
}

/** The resources for a caller with these groups of tools. */
export function listResources(groups: ReadonlySet<ToolGroup>, caller: CallerFacts): Resource[] {
  return Object.entries<ResourceEntry>(RESOURCES).filter(([, entry]) => isOffered(entry, groups, caller))
    .map(([uri, { name, description }]) => ({ uri, name, description, mimeType: "application/json" }));
}

/** The templates for a caller with these groups of tools. */
export function listResourceTemplates(groups: ReadonlySet<ToolGroup>, caller: CallerFacts): ResourceTemplateType[] {
  return Object.entries<ResourceEntry>(TEMPLATES).filter(([, entry]) => isOffered(entry, groups, caller))
    .map(([uriTemplate, { name, description }]) => ({ uriTemplate, name, description, mimeType: "application/json" }));
}

/** The groups of which a caller may use a tool now. */
export function groupsFor(
  tools: readonly { readonly group: ToolGroup; readonly scope: Scope }[],
  caller: CallerFacts,
): ReadonlySet<ToolGroup> {
  return new Set(tools.filter(({ scope }) => caller.allows(scope)).map(({ group }) => group));
}

/**
 * Tells whether a caller may see a resource now, as {@linkcode isOffered} does for the groups of {@linkcode groupsFor},
 * but without a pass over the tools: it is called for every watcher of a resource that changes many times a second.
 */
export function offersOf(
  tools: readonly { readonly group: ToolGroup; readonly scope: Scope }[],
): (entry: ResourceEntry, caller: CallerFacts) => boolean {
  const scopes = new Map<ToolGroup, Set<Scope>>();
  for (const { group, scope } of tools) scopes.set(group, (scopes.get(group) ?? new Set()).add(scope));
  return (entry, caller) => {
    const ofGroup = entry.group === undefined ? undefined : [...scopes.get(entry.group) ?? []];
    if (ofGroup !== undefined && !ofGroup.some((scope) => caller.allows(scope))) return false;
    return (entry.scope === undefined ? SCOPES : [entry.scope]).some((scope) => caller.allows(scope));
  };
}

/** Tells whether a caller with these groups of tools may see a resource. */
export function isOffered(
  { group, scope }: ResourceEntry,
  groups: ReadonlySet<ToolGroup>,
  caller: CallerFacts,
): boolean {
  const scopes = scope === undefined ? SCOPES : [scope];
  return (group === undefined || groups.has(group)) && scopes.some((each) => caller.allows(each));
}
