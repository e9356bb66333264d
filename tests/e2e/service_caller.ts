/** A trader on a service behind its balancer, over REST, a session over HTTP, or WebSocket. */

import { WebSocket } from "ws";
import type { Json } from "../support/exchange.ts";
import { INITIALIZE, toolCall } from "./program.ts";
import { postCall } from "./trading_world.ts";

/** Ways to make a call. */
export const WAYS = ["rest", "session", "websocket"] as const;

/** One of {@linkcode WAYS}. */
export type Way = (typeof WAYS)[number];

/** The envelope of the revision without sessions. */
const META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": {},
};

/** Longer than a frozen server is away, in milliseconds. */
const PATIENCE_MS = 60_000;

/** One identity. */
export class ServiceCaller {
  readonly #url: string;
  readonly #key: string;
  #session = "";
  /** Calls that a session of its own answered, and sessions that had ended. */
  readonly sessions = { answered: 0, ended: 0 };

  constructor(url: string, key: string) {
    this.#url = url;
    this.#key = key;
  }

  /** Calls a tool; nothing when there is no answer, or the session has ended. */
  async call(way: Way, name: string, args: Record<string, unknown>): Promise<Json | undefined> {
    try {
      if (way === "rest") return await postCall(`${this.#url}/v1/tools/${name}`, args, this.#key);
      if (way === "session") return await this.#inSession(name, args);
      return (await this.#overSocket("tools/call", { name, arguments: args }))?.structuredContent;
    } catch {
      return undefined;
    }
  }

  /** Reads a resource over WebSocket; nothing when there is no answer. */
  async read(uri: string): Promise<Json | undefined> {
    const result = await this.#overSocket("resources/read", { uri });
    return result === undefined ? undefined : JSON.parse(result.contents[0].text);
  }

  /** Status that another identity gets for a call in this identity's session. */
  async statusFor(key: string): Promise<number> {
    if (this.#session === "") return 0;
    const { status } = await this.#post(toolCall(1, "get_ticker", { pair: "XBTZAR" }), key);
    return status;
  }

  async #inSession(name: string, args: Record<string, unknown>): Promise<Json | undefined> {
    if (this.#session === "") await this.#openSession();
    const { status, text } = await this.#post(toolCall(1, name, args), this.#key);
    if (status === 404) {
      this.sessions.ended++;
      this.#session = "";
    }
    if (status !== 200) return undefined;
    this.sessions.answered++;
    const message = text.startsWith("{") ? text : /^data: (\{.*)$/m.exec(text)?.[1] ?? "{}";
    return JSON.parse(message).result?.structuredContent;
  }

  async #openSession(): Promise<void> {
    this.#session = (await this.#post(INITIALIZE[0], this.#key)).id;
    if (this.#session !== "") await this.#post(INITIALIZE[1], this.#key);
  }

  async #post(message: object, key: string): Promise<{ status: number; id: string; text: string }> {
    const response = await fetch(`${this.#url}/mcp`, {
      method: "POST",
      headers: {
        "authorization": `Bearer ${key}`,
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
        ...(this.#session === "" ? {} : { "mcp-session-id": this.#session }),
      },
      body: JSON.stringify(message),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    return { status: response.status, id: response.headers.get("mcp-session-id") ?? "", text: await response.text() };
  }

  /** One request of the revision without sessions; returns its result. */
  #overSocket(method: string, params: Record<string, unknown>): Promise<Json | undefined> {
    const { promise, resolve } = Promise.withResolvers<Json | undefined>();
    const socket = new WebSocket(this.#url.replace(/^http/, "ws"), {
      headers: { authorization: `Bearer ${this.#key}` },
      handshakeTimeout: PATIENCE_MS,
    });
    const timer = setTimeout(() => socket.terminate(), PATIENCE_MS);
    const request = { jsonrpc: "2.0", id: 1, method, params: { ...params, _meta: META } };
    socket.on("open", () => socket.send(JSON.stringify(request)));
    socket.on("message", (text) => {
      resolve(JSON.parse(String(text)).result);
      socket.close();
    });
    socket.on("error", () => {}); // A close follows.
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(undefined);
    });
    return promise;
  }
}
