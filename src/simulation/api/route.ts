/** What a route is, and how a request finds its own. */

import type { Parameters } from "./parameters.ts";

/** One authorised request on its way into a route. */
export interface Call {
  readonly parameters: Parameters;
  /** What stands in place of `{id}` in the path; empty where there is none. */
  readonly id: string;
  readonly nowMs: number;
  /** The moment that reads answer for: now, or earlier when a fault makes them stale. */
  readonly atMs: number;
}

/** JSON that is written already. */
export class RenderedJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** The answer that says only that it worked: 204. */
export const NO_CONTENT: unique symbol = Symbol("no content");

/** One endpoint. */
export interface Route<AnyCall extends Call = Call> {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** With `{id}` for a segment that varies. */
  readonly path: string;
  /** Permission bits, 0 for any valid key, `null` for the public. */
  readonly permission: number | null;
  /** Whether the key must be one that may write something, whatever that is. @default false */
  readonly writes?: boolean;
  /** Whether its errors may carry `error_action`. */
  readonly isOrderCall?: boolean;
  /** Answers {@linkcode NO_CONTENT}, a {@linkcode RenderedJson} or a value to be written as JSON; refuses by throwing. */
  run(call: AnyCall): unknown;
}

/** A route and what its `{id}` matched. */
export interface RouteMatch {
  readonly route: Route;
  readonly id: string;
}

/** Finds routes by method and path. */
export class Router {
  readonly #exact = new Map<string, Route>();
  readonly #patterns: { readonly route: Route; readonly pattern: RegExp }[] = [];

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      if (!route.path.includes("{id}")) this.#exact.set(`${route.method} ${route.path}`, route);
      else this.#patterns.push({ route, pattern: new RegExp(`^${route.path.replace("{id}", "([^/]+)")}$`) });
    }
  }

  /** The route of a request, or `undefined`. */
  find(method: string, path: string): RouteMatch | undefined {
    const route = this.#exact.get(`${method} ${path}`);
    if (route !== undefined) return { route, id: "" };
    for (const { route, pattern } of this.#patterns) {
      const id = route.method === method ? pattern.exec(path)?.[1] : undefined;
      if (id !== undefined) return { route, id };
    }
    return undefined;
  }
}
