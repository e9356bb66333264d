/** What a client can be allowed to do. */

/** Every scope, the least powerful first. */
export const SCOPES = ["market:read", "account:read", "orders:write", "funds:write", "server:admin"] as const;

/** One thing that a client can be allowed to do. */
export type Scope = (typeof SCOPES)[number];

/** All scopes. */
export const ALL_SCOPES: ReadonlySet<Scope> = new Set(SCOPES);

/** Tells whether a text names a scope. */
export function isScope(text: string): text is Scope {
  return SCOPES.some((scope) => scope === text);
}
