import { Buffer } from "node:buffer";
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";

/** How long a peer may take to read a rejection. */
const REFUSAL_TIMEOUT_MS = 5_000;

/** Answers an upgrade request on its bare connection, and closes that. */
export async function refuseUpgrade(connection: Duplex, response: Response): Promise<void> {
  const timer = setTimeout(() => connection.destroy(), REFUSAL_TIMEOUT_MS);
  connection.once("close", () => clearTimeout(timer));
  const body = Buffer.from(await response.arrayBuffer());
  const headers = new Headers(response.headers);
  headers.delete("transfer-encoding");
  headers.set("connection", "close");
  headers.set("content-length", String(body.length));
  const lines = [
    `HTTP/1.1 ${response.status} ${response.statusText || (STATUS_CODES[response.status] ?? "")}`,
    ...[...headers].map(([name, value]) => `${name}: ${value}`),
  ];
  connection.once("finish", () => connection.destroy());
  connection.end(Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), body]));
}
