/** A server that authenticates its callers, and their requests. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { WebSocket } from "ws";
import type { Scope } from "../../src/access/scopes.ts";
import { KEYS_FILE } from "../../src/state/record/sqlite/open_keys.ts";
import { jwksOf } from "../access/identity_provider.ts";
import { storeKey } from "../access/stored_keys.ts";
import { certificates } from "../transport/listening.ts";
import { RawPeer, upgradeRequest } from "../transport/raw_peer.ts";
import { runProgram } from "./program.ts";
import type { Program } from "./program.ts";
import { bearer, toolsOf } from "./requests.ts";
import type { Answered, Asked } from "./requests.ts";
import { startServer } from "./servers.ts";
import type { RunningServer } from "./servers.ts";
import { SocketClient } from "./socket_client.ts";
import { AUDIENCE, ISSUER, signingKey } from "./tokens.ts";

/** A folder for a server's files, readable by its owner only. */
export class ServerFolder implements AsyncDisposable {
  readonly dir: string;
  readonly #program: Program;

  private constructor(dir: string, program: Program) {
    this.dir = dir;
    this.#program = program;
  }

  static async create(program: Program): Promise<ServerFolder> {
    const folder = new ServerFolder(await Deno.makeTempDir(), program);
    for (const name of ["state", "none"]) await Deno.mkdir(folder.path(name), { mode: 0o700 });
    const { authority, server } = certificates;
    const files = { "jwks.json": jwksOf(signingKey), "ca.pem": authority.cert, "cert.pem": server.cert };
    for (const [name, text] of Object.entries({ ...files, "key.pem": server.key, "access.json": "{}" })) {
      await folder.write(name, text);
    }
    return folder;
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  async write(name: string, text: string, mode = 0o600): Promise<void> {
    await Deno.writeTextFile(this.path(name), text, { mode });
    await Deno.chmod(this.path(name), mode);
  }

  /** Runs the real `keys` command on the state folder; returns its output. */
  async keys(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await runProgram(this.#program, ["keys", ...args, "--state", this.path("state")]);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  }

  /** Creates a key without the command, which is faster and can be dated in the past. */
  addKey(
    name: string,
    scopes: readonly Scope[],
    { now, expiresAt }: { now: number; expiresAt: number } = { now: Date.now(), expiresAt: Date.now() + 3_600_000 },
  ): string {
    return storeKey(join(this.path("state"), KEYS_FILE), name, { scopes, now, expiresAt });
  }

  get tlsArgs(): string[] {
    return ["--ssl-cert", this.path("cert.pem"), "--ssl-key", this.path("key.pem")];
  }

  get tokenArgs(): string[] {
    return ["--jwt-issuer", ISSUER, "--jwt-audience", AUDIENCE, "--jwks-file", this.path("jwks.json")];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.dir, { recursive: true });
  }
}

/** How a guarded server differs from the default. */
export interface GuardedOptions {
  readonly listener: "native" | "hardened";
  /** @default false */
  readonly secure?: boolean;
  /** In addition to those for keys and tokens. */
  readonly args?: readonly string[];
}

/** A running server with keys, tokens and an access file. */
export class GuardedServer implements AsyncDisposable {
  readonly folder: ServerFolder;
  readonly port: number;
  /** Created by the real command; may read. */
  readonly reader: string;
  /** May read only market data. */
  readonly market: string;
  /** May use every tool, and read the server's status. */
  readonly admin: string;
  /** Shows whether an access file has been read. */
  readonly #marker: string;
  readonly #server: RunningServer;
  readonly #isSecure: boolean;
  #log: string | undefined;

  private constructor(
    server: RunningServer,
    parts: { folder: ServerFolder; secure: boolean; keys: Record<"reader" | "market" | "admin" | "marker", string> },
  ) {
    this.#server = server;
    this.#isSecure = parts.secure;
    this.folder = parts.folder;
    this.port = Number(new URL(server.http).port);
    this.reader = parts.keys.reader;
    this.market = parts.keys.market;
    this.admin = parts.keys.admin;
    this.#marker = parts.keys.marker;
  }

  static async start(
    program: Program,
    { listener, secure = false, args = [] }: GuardedOptions,
  ): Promise<GuardedServer> {
    const folder = await ServerFolder.create(program);
    const reader = await folder.keys("create", "reader", "--scopes", "market:read,account:read", "--expires", "1d");
    const market = folder.addKey("market", ["market:read"]);
    const admin = folder.addKey("admin", ["market:read", "account:read", "server:admin"]);
    const marker = folder.addKey("marker", ["market:read"]);
    const server = await startServer(program, [
      ...["--listener", listener, "--log-level", "debug", "--state", folder.path("state")],
      ...["--access", folder.path("access.json"), ...folder.tokenArgs],
      ...(secure ? folder.tlsArgs : []),
      ...args,
    ]);
    return new GuardedServer(server, { folder, secure, keys: { reader, market, admin, marker } });
  }

  get httpUrl(): string {
    return `${this.#isSecure ? "https" : "http"}://127.0.0.1:${this.port}`;
  }

  said(pattern: RegExp): Promise<string> {
    return this.#server.said(pattern);
  }

  /** Makes the server read its files again. */
  hangUp(): void {
    this.#server.child.kill("SIGHUP");
  }

  /** Writes an access file, and waits until it is in force; other identities are as without a file. */
  async grant(identities: Record<string, unknown>): Promise<void> {
    const isListed = await this.#isMarkerListed();
    const marker = { scopes: isListed ? [] : ["market:read"] };
    await this.folder.write("access.json", JSON.stringify({ identities: { ...identities, "key:marker": marker } }));
    this.hangUp();
    for (let attempt = 0; await this.#isMarkerListed() === isListed; attempt++) {
      assert.ok(attempt < 2_000, "the server does not read its access file");
    }
  }

  async #isMarkerListed(): Promise<boolean> {
    return toolsOf(await this.ask("/v1/tools", { headers: bearer(this.#marker) })).length > 0;
  }

  /** Ends the server, and returns everything that it has written. */
  async log(): Promise<string> {
    if (this.#log !== undefined) return this.#log;
    this.#server.child.kill("SIGTERM");
    // Waits for the end, and then reports all lines in its message.
    this.#log = await this.#server.said(/(?!)/).then(() => "", (error: Error) => error.message);
    return this.#log;
  }

  /** One request on a separate connection. */
  async ask(path: string, { method = "GET", headers = {}, body }: Asked = {}): Promise<Answered> {
    const length = body === undefined ? {} : { "Content-Length": String(new TextEncoder().encode(body).length) };
    const all = { Host: "localhost", ...this.#lastRequest("close"), ...length, ...headers };
    const lines = Object.entries(all).flatMap(([name, value]) => [value].flat().map((one) => `${name}: ${one}\r\n`));
    return await this.#exchange(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body ?? ""}`);
  }

  /** A WebSocket handshake without further use. */
  async upgrade(headers: Asked["headers"] = {}, path = "/ws"): Promise<Answered> {
    const request = upgradeRequest({ ...this.#lastRequest("Upgrade, close"), ...headers });
    return await this.#exchange(request.replace("GET /ws ", `GET ${path} `));
  }

  /** A WebSocket whose answers arrive one at a time; rejects with the status of a refusal. */
  connect(headers: Record<string, string> = {}, { path = "/ws", protocols = ["mcp"] } = {}): Promise<SocketClient> {
    const url = `${this.httpUrl.replace(/^http/, "ws")}${path}`;
    return SocketClient.open(new WebSocket(url, [...protocols], { headers, ca: certificates.authority.cert }));
  }

  /** Tool calls that have run. */
  async calls(): Promise<number> {
    const { status, body } = await this.ask("/metrics", { headers: bearer(this.admin) });
    assert.equal(status, 200, body);
    const counts = body.matchAll(/^luno_mcp_calls_total\{.*\} (\d+)$/gm);
    return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    await this.folder[Symbol.asyncDispose]();
  }

  /** With TLS the native listener sends a last answer at once, others only when the previous data was acknowledged. */
  #lastRequest(connection: string): Record<string, string> {
    return this.#isSecure ? { Connection: connection } : {};
  }

  async #exchange(text: string): Promise<Answered> {
    using peer = await RawPeer.connect(this.port, this.#isSecure ? [certificates.authority.cert] : undefined);
    await peer.write(text);
    const head = await peer.head();
    const [first = "", ...rest] = head.trimEnd().split("\r\n");
    const headers = new Headers(rest.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    }));
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? 0);
    return { status, headers, body: await bodyOf(peer, headers) };
  }
}

/** The body of an answer whose head was read. */
async function bodyOf(peer: RawPeer, headers: Headers): Promise<string> {
  if (headers.get("transfer-encoding") !== "chunked") return await peer.text(Number(headers.get("content-length")));
  for (let text = "";;) {
    let line = "";
    while (!line.endsWith("\r\n")) line += await peer.text(1);
    const size = parseInt(line, 16);
    text += await peer.text(size);
    await peer.text(2);
    if (size === 0) return text;
  }
}
