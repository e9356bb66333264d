/** Routes, and how a request is matched to one. */

import type { Parameters } from "./parameters.ts";

/** One authorized request. */
export interface Call {
  readonly parameters: Parameters;
  /** The value of `{id}` in the path; empty when the path has none. */
  readonly id: string;
  readonly nowMs: number;
  /** The time whose state reads return: now, or earlier when a fault makes them stale. */
  readonly atMs: number;
}

/** JSON that is already serialized. */
export class RenderedJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** The response that only reports success: 204. */
export const NO_CONTENT: unique symbol = Symbol("no content");

/** One endpoint. */
export interface Route<AnyCall extends Call = Call> {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** With `{id}` for a variable segment. */
  readonly path: string;
  /** Permission bits; 0 for any valid key, `null` for public endpoints. */
  readonly permission: number | null;
  /**
   * Whether the key needs any write permission.
   *
   * @default false
   */
  readonly writes?: boolean;
  /** Whether its errors may carry `error_action`. */
  readonly isOrderCall?: boolean;
  /** Returns {@linkcode NO_CONTENT}, a {@linkcode RenderedJson} or a value to serialize; refuses by throwing. */
  run(call: AnyCall): unknown;
}

/** A route and the value of its `{id}`. */
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
