/** Which resources there are and who is offered them, as lists show it; what they hold is read in `resources.ts`. */

import type { Resource, ResourceTemplateType } from "@modelcontextprotocol/server";
import { SCOPES } from "../access/scopes.ts";
import type { Scope } from "../access/scopes.ts";
import type { CallerFacts } from "../access/caller.ts";
import type { ToolGroup } from "../tools/tool.ts";

/** A resource in lists, and who is offered it. */
export interface ResourceEntry {
  readonly name: string;
  readonly description: string;
  /** Offered only where this group of tools is. */
  readonly group?: ToolGroup;
  /** Offered only to whom may do this; without it and without a group, to whom may do anything at all. */
  readonly scope?: Scope;
}

/** How many rows of a ledger a resource shows. */
export const RECENT_ROWS = 20;

/** Every resource by its address. */
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
} as const satisfies Readonly<Record<string, ResourceEntry>>;

/** The address of a resource. */
export type ResourceUri = keyof typeof RESOURCES;

/** The resource of one account, which a template stands for. */
export const ACCOUNT: ResourceEntry = {
  name: "Account",
  description: `One account with its latest ${RECENT_ROWS} ledger rows`,
  group: "account",
};

/** The resources as lists show them to a caller that is offered these groups of tools. */
export function listResources(groups: ReadonlySet<ToolGroup>, caller: CallerFacts): Resource[] {
  return Object.entries<ResourceEntry>(RESOURCES).filter(([, entry]) => isOffered(entry, groups, caller))
    .map(([uri, { name, description }]) => ({ uri, name, description, mimeType: "application/json" }));
}

/** The templates in lists, for a caller that is offered these groups of tools. */
export function listResourceTemplates(groups: ReadonlySet<ToolGroup>, caller: CallerFacts): ResourceTemplateType[] {
  if (!isOffered(ACCOUNT, groups, caller)) return [];
  const { name, description } = ACCOUNT;
  return [{ uriTemplate: "luno://accounts/{id}", name, description, mimeType: "application/json" }];
}

/** Whether a caller that is offered these groups of tools is offered this. */
export function isOffered(
  { group, scope }: ResourceEntry,
  groups: ReadonlySet<ToolGroup>,
  caller: CallerFacts,
): boolean {
  const scopes = scope === undefined ? SCOPES : [scope];
  return (group === undefined || groups.has(group)) && scopes.some((each) => caller.allows(each));
}
