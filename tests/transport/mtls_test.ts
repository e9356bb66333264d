import "reflect-metadata"; // The certificate library asks for it, and for being second.
import { ExtendedKeyUsage } from "@peculiar/x509";
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket as TcpSocket } from "node:net";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { WebSocket } from "ws";
import { readClientCertificate } from "../../src/access/client_certificate.ts";
import { parseDenyList } from "../../src/access/deny_list.ts";
import { hasClientCertificates } from "../../src/transport/listeners/hardened_runtime.ts";
import { listenHardened } from "../../src/transport/listeners/hardened.ts";
import type { ListenOptions, Peer, TlsFiles } from "../../src/transport/listeners/listener.ts";
import { loadTls } from "../../src/transport/listeners/tls.ts";
import { certificates, Echo, Events, Listening } from "./listening.ts";
import { upgradeRequest } from "./raw_peer.ts";
import { type Issued, P384, selfSigned, TestAuthority } from "./test_authority.ts";

const HOUR_MS = 3_600_000;
const GET = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
const { clientAuth, serverAuth } = ExtendedKeyUsage;
const caCerts = [certificates.authority.cert];
const authority = await TestAuthority.create();
const good = await authority.issue();

/** Checks as the server does, by what is written in a deny list. */
function accepts(denied = ""): (certificate: Uint8Array) => boolean {
  const parsed = parseDenyList(denied);
  assert.ok(parsed.ok);
  return (der) => {
    const certificate = readClientCertificate(der, { now: Date.now() });
    return certificate.ok && !parsed.list.has(certificate);
  };
}

/** A listener that asks clients for certificates of {@linkcode authority}; options replace what it does. */
function start(
  options: Partial<ListenOptions> & { application?: Echo; authorities?: string } = {},
): Promise<Listening> {
  const { authorities = authority.files.cert, ...rest } = options;
  return Listening.start({ name: "mutual TLS", listen: listenHardened, secure: true }, {
    tls: { ...certificates.server, clientAuthorities: authorities },
    isCertificateAccepted: accepts(),
    ...rest,
  });
}

/** Every request on a connection of its own; TLS sessions are resumed. */
class Client implements Disposable {
  readonly #http: Deno.HttpClient;

  constructor(files?: TlsFiles) {
    this.#http = Deno.createHttpClient({ caCerts, poolMaxIdlePerHost: 0, ...files });
  }

  async status({ port }: Listening): Promise<number> {
    const answer = await fetch(`https://127.0.0.1:${port}/`, { client: this.#http });
    await answer.body?.cancel();
    return answer.status;
  }

  [Symbol.dispose](): void {
    this.#http.close();
  }
}

/** Echoes, and remembers who asked for an upgrade. */
class Watched extends Echo {
  readonly upgrades: Peer[] = [];

  override upgrade(request: Request, peer: Peer): ReturnType<Echo["upgrade"]> {
    this.upgrades.push(peer);
    return super.upgrade(request, peer);
  }
}

interface Knock {
  readonly files?: TlsFiles | undefined;
  readonly request?: string;
  /** A connection that has not begun its handshake. @default a new one */
  readonly socket?: TcpSocket;
}

/** Sends a request with the end of the handshake, and gives all that comes back; also with what `fetch` refuses to send. */
async function knock({ port }: Listening, { files, request = GET, socket }: Knock): Promise<string> {
  const to = socket === undefined ? { host: "127.0.0.1", port } : { socket };
  const connection = connectTls({ ...to, ca: caCerts, servername: "localhost", ...files });
  let received = "";
  connection.on("secureConnect", () => connection.write(request));
  connection.on("data", (data) => received += data);
  connection.on("error", () => {}); // Its close event says the same.
  await new Promise((resolve) => connection.on("close", resolve));
  return received;
}

/** Fails unless neither a request nor an upgrade gets through, and nothing of the connections stays. */
async function assertTurnedAway(files?: TlsFiles, options: Parameters<typeof start>[0] = {}): Promise<void> {
  const application = new Watched();
  await using listening = await start({ application, ...options });
  for (const request of [GET, upgradeRequest()]) assert.equal(await knock(listening, { files, request }), "");
  while (application.open > 0) await application.empty.next();
  assert.deepEqual([application.peers, application.upgrades], [[], []]);
}

Deno.test("listenHardened() passes a client's certificate to the application, on requests and on upgrades", async () => {
  const application = new Watched();
  await using listening = await start({ application });
  using client = new Client(good.files);
  assert.equal(await client.status(listening), 200);
  assert.deepEqual(application.peers[0]?.certificate, good.der);
  const { cert, key } = good.files;
  const socket = new WebSocket(`wss://127.0.0.1:${listening.port}/ws`, { ca: caCerts, cert, key });
  await once(socket, "open");
  assert.deepEqual(application.upgrades[0]?.certificate, good.der);
  socket.terminate();
});

Deno.test("listenHardened() passes no certificate when it requests none", async () => {
  await using listening = await Listening.start({ name: "TLS", listen: listenHardened, secure: true });
  using client = new Client(good.files);
  assert.equal(await client.status(listening), 200);
  assert.ok(!("certificate" in (listening.application.peers[0] ?? {})));
});

Deno.test("listenHardened() accepts certificates of each of its authorities, also with keys on P-384", async () => {
  const other = await TestAuthority.create({ algorithm: P384 });
  await using listening = await start({ authorities: `${authority.files.cert}\n${other.files.cert}` });
  for (const { files } of [good, await other.issue({ algorithm: P384 })]) {
    using client = new Client(files);
    assert.equal(await client.status(listening), 200);
    assert.equal(await client.status(listening), 200);
  }
});

Deno.test("listenHardened() refuses a client without a certificate", () => assertTurnedAway());

const names = [{ type: "url" as const, value: "urn:test:client" }];
const bad: Record<string, () => Promise<Issued>> = {
  "signed by itself": selfSigned,
  "of another authority of the same name": async () => (await TestAuthority.create()).issue(),
  "that has expired": () => authority.issue({ notAfter: Date.now() - HOUR_MS }),
  "that is not valid yet": () => authority.issue({ notBefore: Date.now() + HOUR_MS }),
  "for servers": () => authority.issue({ usages: [serverAuth] }),
  "for clients and servers": () => authority.issue({ usages: [clientAuth, serverAuth] }),
  "for no stated use": () => authority.issue({ usages: undefined }),
  "that has only a common name": () => authority.issue({ names: [] }),
  "that could sign others": () => authority.issue({ ca: true }),
  "that is the authority's own": () => Promise.resolve(authority),
  "that is the authority's own, made for clients too": () => TestAuthority.create({ usages: [clientAuth], names }),
  "of X.509 version 1": () => authority.issueVersion1(),
};

for (const [which, issue] of Object.entries(bad)) {
  Deno.test(`listenHardened() refuses a client with a certificate ${which}`, async () => {
    const issued = await issue();
    const isOwn = issued instanceof TestAuthority && which.includes("authority's own");
    await assertTurnedAway(issued.files, isOwn ? { authorities: issued.files.cert } : {});
  });
}

Deno.test("listenHardened() refuses a client whose serial number or fingerprint is denied", async () => {
  const certificate = readClientCertificate(good.der, { now: Date.now() });
  assert.ok(certificate.ok);
  await assertTurnedAway(good.files, { isCertificateAccepted: accepts(certificate.serial) });
  await assertTurnedAway(good.files, { isCertificateAccepted: accepts(certificate.fingerprint.toUpperCase()) });
});

Deno.test("listenHardened() refuses a client when the check fails", async () => {
  const isCertificateAccepted = () => {
    throw new Error("check is out");
  };
  await assertTurnedAway(good.files, { isCertificateAccepted });
});

Deno.test("listenHardened() checks a client that resumes its TLS session again", async () => {
  let accepts = true;
  await using listening = await start({ isCertificateAccepted: () => accepts });
  using client = new Client(good.files);
  assert.equal(await client.status(listening), 200);
  accepts = false;
  await assert.rejects(client.status(listening));
  accepts = true;
  assert.equal(await client.status(listening), 200);
});

Deno.test("listenHardened() accepts no TLS session that began at a listener with other rules", async () => {
  await using open = await Listening.start({ name: "TLS", listen: listenHardened, secure: true });
  await using listening = await start();
  const strangers = await TestAuthority.create();
  await using elsewhere = await start({ authorities: strangers.files.cert });
  const { files } = await strangers.issue();
  for (const [other, own] of [[open, undefined], [open, files], [elsewhere, files]] as const) {
    using client = new Client(own);
    assert.equal(await client.status(other), 200);
    await assert.rejects(client.status(listening));
  }
  assert.deepEqual(listening.application.peers, []);
});

Deno.test("RunningListener.reload() replaces the authorities, also for TLS sessions that began before", async () => {
  const next = await TestAuthority.create();
  const successor = await next.issue();
  await using listening = await start();
  using client = new Client(good.files);
  using other = new Client(successor.files);
  assert.equal(await client.status(listening), 200);
  await assert.rejects(other.status(listening));
  listening.listener.reload({ ...certificates.server, clientAuthorities: next.files.cert });
  await assert.rejects(client.status(listening));
  assert.equal(await other.status(listening), 200);
  listening.listener.reload({ ...certificates.server, clientAuthorities: authority.files.cert });
  await assert.rejects(other.status(listening));
  using again = new Client(good.files);
  assert.equal(await again.status(listening), 200);
});

Deno.test("RunningListener.reload() with the same authorities keeps TLS sessions", async () => {
  await using listening = await start();
  using client = new Client(good.files);
  assert.equal(await client.status(listening), 200);
  listening.listener.reload({ ...certificates.server, clientAuthorities: authority.files.cert });
  assert.equal(await client.status(listening), 200);
});

Deno.test("RunningListener.reload() ends open connections when an authority is removed, and none when one is added", async () => {
  const next = await TestAuthority.create();
  await using listening = await start();
  const { cert, key } = good.files;
  const socket = new WebSocket(`wss://127.0.0.1:${listening.port}/`, { cert, key, ca: caCerts });
  await once(socket, "open");
  const both = authority.files.cert + next.files.cert;
  listening.listener.reload({ ...certificates.server, clientAuthorities: both });
  socket.ping();
  await once(socket, "pong");
  const closed = once(socket, "close");
  listening.listener.reload({ ...certificates.server, clientAuthorities: next.files.cert });
  assert.equal((await closed)[0], 1006);
});

Deno.test("RunningListener.reload() ends handshakes that the former authorities would accept", async () => {
  const admitted = new Events<true>();
  const application = new Echo({
    admit: () => {
      admitted.push(true);
      return { release() {} };
    },
  });
  await using listening = await start({ application });
  const files = good.files;
  assert.match(await knock(listening, { files, socket: connect(listening.port, "127.0.0.1") }), /^HTTP\/1.1 200 /);
  await admitted.next();
  const socket = connect(listening.port, "127.0.0.1");
  await admitted.next();
  listening.listener.reload({ ...certificates.server, clientAuthorities: (await TestAuthority.create()).files.cert });
  assert.equal(await knock(listening, { files, socket }), "");
});

Deno.test("RunningListener.reload() changes nothing for authorities that are invalid, missing or added later", async () => {
  await using listening = await start();
  for (const clientAuthorities of ["", "nonsense", authority.files.key]) {
    assert.throws(() => listening.listener.reload({ ...certificates.server, clientAuthorities }), TypeError);
  }
  assert.throws(() => listening.listener.reload(certificates.server), /cease to ask clients/);
  using client = new Client(good.files);
  assert.equal(await client.status(listening), 200);
  using nobody = new Client();
  await assert.rejects(nobody.status(listening));

  await using open = await Listening.start({ name: "TLS", listen: listenHardened, secure: true });
  const clientAuthorities = authority.files.cert;
  assert.throws(() => open.listener.reload({ ...certificates.server, clientAuthorities }), /begin or cease/);
});

Deno.test("listenHardened() rejects invalid authorities, and authorities without a check", async () => {
  await assert.rejects(start({ authorities: "nonsense" }), /no authority to sign them/);
  const tls = { ...certificates.server, clientAuthorities: authority.files.cert };
  const listen = { hostname: "127.0.0.1", port: 0, maxMessageSize: 1_000, pingIntervalMs: 1_000, tls };
  await assert.rejects(listenHardened(new Echo(), listen), /isCertificateAccepted is not set/);
});

Deno.test("loadTls() returns the authorities of clients, or reports what is wrong with them", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const path = (name: string) => join(dir, name);
    const { cert, key } = certificates.server;
    for (const [name, text] of Object.entries({ cert, key, ca: authority.files.cert })) {
      await Deno.writeTextFile(path(name), text, { mode: 0o600 });
    }
    const source = { certPath: path("cert"), keyPath: path("key"), clientAuthoritiesPath: path("ca") };
    const files = { cert, key, clientAuthorities: authority.files.cert };
    assert.deepEqual(await loadTls(source), { ok: true, files });
    const later = Date.now() + 30 * 24 * HOUR_MS;
    for (
      const [override, problem] of [
        [{ clientAuthoritiesPath: path("cert") }, /cert: certificate 1: expected an authority/],
        [{ clientAuthoritiesPath: path("none") }, /none: expected a .*file/],
        [{ now: () => later }, /ca: certificate 1: expected a valid certificate: this one expired/],
      ] as const
    ) {
      const loaded = await loadTls({ ...source, ...override });
      assert.ok(!loaded.ok);
      assert.equal(loaded.problems.length, 1);
      assert.match(loaded.problems[0] ?? "", problem);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("hasClientCertificates() is true from Deno 2.9 on", () => {
  const versions = ["1.46.3", "2.8.11", "2.9.0", "2.10.0", "3.0.0"];
  assert.deepEqual(versions.map((version) => hasClientCertificates(version)), [false, false, true, true, true]);
  assert.ok(hasClientCertificates());
});
