/** An exchange, or whoever stands in for it, repeats the key that it was sent: nothing of it gets past the client. */

import assert from "node:assert/strict";
import { assertNoSecret, CANARY, connect, failureOf } from "./clients.ts";
import type { RawRequest } from "./raw_server.ts";

const BASIC = new TextEncoder().encode(`${CANARY.id}:${CANARY.secret}`).toBase64();

/** Ways in which the parts of a request come back. */
const ECHOES: Readonly<Record<string, (request: RawRequest) => string>> = {
  "the header": ({ headers }) => headers.get("authorization") ?? "",
  "the header in an address": ({ headers }) => encodeURIComponent(headers.get("authorization") ?? ""),
  "the header in base64": ({ headers }) => btoa(`authorization: ${headers.get("authorization")}`),
  "the id and the secret": () => `${CANARY.id} / ${CANARY.secret}`,
  "the id and the secret as JSON in a text": () => JSON.stringify({ ...CANARY }),
  "the beginning of the secret": () => CANARY.secret.slice(0, 14),
};

function answer(status: string, body: string, headers: Record<string, string> = {}): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const length = new TextEncoder().encode(body).length;
  return `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n${lines}\r\n${body}`;
}

function assertHidden(value: unknown): void {
  assertNoSecret(value);
  const printed = Deno.inspect(value, { depth: 20, showHidden: true }) + JSON.stringify(value);
  for (const part of [BASIC.slice(4, 16), CANARY.secret.slice(0, 14), encodeURIComponent(BASIC)]) {
    assert.ok(!printed.includes(part), printed);
  }
}

for (const [name, echo] of Object.entries(ECHOES)) {
  Deno.test(`ExchangeClient shows no secret in an error when the exchange repeats ${name}`, async () => {
    const bodies = (text: string) => [
      JSON.stringify({ error: text, error_code: "ErrUnauthorised" }),
      JSON.stringify({ error: "no", error_code: text.replace(/^Basic /, "") }),
      `<html><body>${text}</body></html>`,
    ];
    for (const index of bodies("").keys()) {
      await using connected = connect(
        (request, { write }) =>
          write(answer("401 Unauthorized", bodies(echo(request))[index] ?? "", {
            "x-luno-trace-id": CANARY.secret,
            "connection": "close",
          })),
      );
      assertHidden(await failureOf(connected.client.call("getBalances", {})));
    }
  });
}

Deno.test("ExchangeClient shows no secret in a successful answer either", async () => {
  await using connected = connect((request, { write }) => {
    const balance = [{ account_id: "1", asset: "XBT", balance: "1", reserved: "0", unconfirmed: "0" }];
    const named = balance.map((row) => ({ ...row, name: `${request.headers.get("authorization")} ${CANARY.secret}` }));
    return write(answer("200 OK", JSON.stringify({ balance: named })));
  });
  const { balance } = await connected.client.call("getBalances", {});
  assertHidden(balance);
  assert.match(balance[0]?.name ?? "", /^Basic \[redacted\] \[redacted\]$/);
});
