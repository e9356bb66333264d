/** The client's end of a kept-alive HTTP/1.1 connection: one call at a time, with minimal work of its own. */

const decoder = new TextDecoder("latin1");
const encoder = new TextEncoder();
const HEAD_END = "\r\n\r\n";

/** Where and how to call; with `pem` over TLS. */
export interface HttpPeerOptions {
  readonly port: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly pem?: { readonly ca: string; readonly cert?: string; readonly key?: string };
}

/** One connection that repeats one request. */
export class HttpPeer {
  readonly #open: () => Promise<Deno.Conn>;
  readonly #request: Uint8Array;
  readonly #buffer = new Uint8Array(65_536);
  #connection: Deno.Conn;

  private constructor(connection: Deno.Conn, open: () => Promise<Deno.Conn>, request: string) {
    this.#connection = connection;
    this.#open = open;
    this.#request = encoder.encode(request);
  }

  /** Connects; every call posts an empty object to `path`. */
  static async connect(path: string, { port, headers = {}, pem }: HttpPeerOptions): Promise<HttpPeer> {
    const hostname = "localhost";
    const open = (): Promise<Deno.Conn> =>
      pem === undefined
        ? Deno.connect({ hostname: "127.0.0.1", port })
        : Deno.connectTls({ hostname, port, caCerts: [pem.ca], alpnProtocols: ["http/1.1"], ...identityOf(pem) });
    const all = { host: `${hostname}:${port}`, "content-type": "application/json", "content-length": "2", ...headers };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join("");
    return new HttpPeer(await open(), open, `POST ${path} HTTP/1.1\r\n${lines}\r\n{}`);
  }

  /** Calls and reads the whole answer; throws for any other than 200. */
  async call(): Promise<void> {
    const text = await this.#exchange().catch(async () => {
      // The server may have ended an idle connection, which any client must expect.
      this.close();
      this.#connection = await this.#open();
      return await this.#exchange();
    });
    if (!text.startsWith("HTTP/1.1 200")) throw new Error(`The server refused: ${text.slice(0, 500)}`);
  }

  /** Ends the connection. */
  close(): void {
    this.#connection.close();
  }

  async #exchange(): Promise<string> {
    for (let written = 0; written < this.#request.length;) {
      written += await this.#connection.write(this.#request.subarray(written));
    }
    let text = "";
    while (!isWhole(text)) {
      const count = await this.#connection.read(this.#buffer);
      if (count === null) throw new Error("The server ended the connection");
      text += decoder.decode(this.#buffer.subarray(0, count));
    }
    return text;
  }
}

/** Keeps one call running on every peer for a while; returns calls per second. */
export async function httpRate(peers: readonly HttpPeer[], ms: number): Promise<number> {
  const started = performance.now();
  let calls = 0;
  await Promise.all(peers.map(async (peer) => {
    while (performance.now() - started < ms) {
      await peer.call();
      calls++;
    }
  }));
  return calls / ((performance.now() - started) / 1_000);
}

function identityOf({ cert, key }: { readonly cert?: string; readonly key?: string }) {
  return cert === undefined || key === undefined ? {} : { cert, key };
}

function isWhole(text: string): boolean {
  const end = text.indexOf(HEAD_END);
  if (end === -1) return false;
  const length = /content-length: *(\d+)/i.exec(text.slice(0, end))?.[1];
  if (length === undefined) return text.endsWith("\r\n0\r\n\r\n");
  return text.length >= end + HEAD_END.length + Number(length);
}
