/** Who is admitted, with which rights: every transport of a running server against every kind of credential. */

import assert from "node:assert/strict";
import { ENTRANCES, refusedRows, secretOf } from "./access_rows.ts";
import { SERVED } from "./listeners.ts";
import { GuardedServer } from "./guarded_server.ts";
import { bearer, restCall } from "./requests.ts";
import { METADATA_URL } from "./tokens.ts";

const REALM = 'Bearer realm="luno-mcp-server"';
const HINTS = `resource_metadata="${METADATA_URL}", scope="market:read account:read"`;

/** A handshake for each costs more than the rest, and TLS does not distinguish transports. */
const ENTRANCES_WITH_TLS = Object.entries(ENTRANCES).filter(([entrance]) =>
  /^(GET \/v1\/tools|an upgrade)$/.test(entrance)
);

for (const { program, listener } of SERVED) {
  for (const secure of [false, true]) {
    const name = `--listener ${listener}${secure ? " with TLS" : ""} (${program.name})`;

    Deno.test(`${name} admits nobody by`, async (test) => {
      await using server = await GuardedServer.start(program, { listener, secure });
      const bodies = new Set<string>();
      const rows = await refusedRows(server);
      for (const { name, authorization } of rows) {
        await test.step(name, async () => {
          const headers = authorization.length === 0 ? {} : { Authorization: authorization };
          for (const [entrance, knock] of secure ? ENTRANCES_WITH_TLS : Object.entries(ENTRANCES)) {
            const { status, headers: answered, body } = await knock(server, headers);
            assert.equal(status, 401, `${entrance}: ${body}`);
            const error = authorization.length === 0 ? "" : ' error="invalid_token",';
            assert.equal(answered.get("www-authenticate"), `${REALM},${error} ${HINTS}`, entrance);
            bodies.add(body);
          }
          assert.equal(bodies.size, 1, [...bodies].join("\n"));
          assert.equal(await server.calls(), 0, "a tool ran");
        });
      }
      await test.step("anything but a valid credential, with which tools run", async () => {
        assert.equal(
          (await server.ask("/v1/tools/describe_capabilities", restCall(bearer(server.reader)))).status,
          200,
        );
        assert.equal(await server.calls(), 1);
      });
      await test.step("a credential in the address, which is refused with 400", async () => {
        for (const query of [`access_token=${server.reader}`, `x=${server.reader}`, "ticket=1"]) {
          for (const headers of [{}, bearer(server.reader)]) {
            assert.equal((await server.ask(`/v1/tools?${query}`, { headers })).status, 400);
            assert.equal((await server.upgrade(headers, `/ws?${query}`)).status, 400);
          }
        }
      });
      await test.step("and writes down no part of a credential", async () => {
        const log = await server.log();
        assert.match(log, /refused/);
        for (const { name, secrets } of rows) {
          for (const secret of secrets) assert.ok(!log.includes(secret), name);
        }
        for (const key of [server.reader, server.admin]) assert.ok(!log.includes(secretOf(key)));
      });
    });
  }
}
