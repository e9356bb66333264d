/** Clients that ask for a token in their opening, and go on with what they subscribed to over another connection. */

import assert from "node:assert/strict";
import type { CallerFacts } from "../../src/access/caller.ts";
import { Opening } from "../../src/protocol/opening.ts";
import type { Price } from "../../src/protocol/price_pushes.ts";
import { ReadyAnswers } from "../../src/protocol/ready_answers.ts";
import { ResourceSubscriptions } from "../../src/protocol/resource_subscriptions.ts";
import { ConnectionResumption, RESUMPTION_KEY } from "../../src/protocol/resumption.ts";
import { resumeResource } from "../../src/protocol/resumed_resources.ts";
import type { KeptSubscription } from "../../src/session/resumption_store.ts";
import { KEPT_MS } from "../../src/session/resumption_store.ts";
import { Resumptions } from "../../src/session/resumptions.ts";
import type { ResumingConnection } from "../../src/session/resumptions.ts";
import { Subscriptions } from "../../src/session/subscriptions.ts";
import { MemoryResumptionStore } from "../../src/state/shared/memory/resumptions.ts";
import { Channel } from "../../src/transport/channel.ts";
import { lookUntil } from "../support/look_until.ts";
import type { Json } from "../support/exchange.ts";
import { initialize, modern, request } from "./opening_corpus.ts";

const IDENTITY = { name: "test", version: "1.0.0" };
const TICKER = "luno://market/XBTZAR/ticker";
const BALANCES = "luno://balances";
const PRICE: Price = {
  pair: "XBTZAR",
  ask: "2",
  bid: "1",
  last_trade: "1",
  rolling_24_hour_volume: "0",
  timestamp: 0,
};

/** Looks again once others had their turn. */
async function turn<Seen>(look: () => Seen): Promise<Seen> {
  await new Promise(setImmediate);
  return look();
}

/** A server whose resources a test changes. */
class TestServer implements AsyncDisposable {
  readonly clock = { now: 0 };
  readonly store = new MemoryResumptionStore(() => this.clock.now);
  readonly resumptions = new Resumptions(this.store);
  readonly answers = new ReadyAnswers({ identity: IDENTITY, listing: [] });
  readonly unreadable = new Set<string>();
  /** What is to be tried again. */
  readonly later = new Set<() => void>();
  readonly #watching = new Map<string, Set<() => void>>();

  watchOf(uri: string) {
    if (this.unreadable.has(uri)) return undefined;
    return (changed: () => void) => {
      const all = this.#watching.get(uri) ?? new Set();
      this.#watching.set(uri, all.add(changed));
      return () => void all.delete(changed);
    };
  }

  change(uri: string): void {
    for (const changed of [...this.#watching.get(uri) ?? []]) changed();
  }

  get watchers(): number {
    return [...this.#watching.values()].reduce((sum, { size }) => sum + size, 0);
  }

  connect(identity = "key:ann"): TestConnection {
    return TestConnection.to(this, identity);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.resumptions.close();
  }
}

/** A connection whose client is the test. */
class TestConnection extends Channel {
  protected readonly unread = 0;
  readonly written: Json[] = [];
  readonly resuming: ResumingConnection;
  readonly #server: TestServer;

  private constructor(server: TestServer, options: ConstructorParameters<typeof Channel>[0], to: ResumingConnection) {
    super(options);
    this.#server = server;
    this.resuming = to;
  }

  static to(server: TestServer, identity: string): TestConnection {
    const caller: CallerFacts = { identity, allows: () => true };
    const opening = new Opening(server.answers, caller);
    const watched: ResourceSubscriptions = new ResourceSubscriptions({
      identity: IDENTITY,
      opening,
      caller,
      watchOf: (uri) => server.watchOf(uri),
      kept: new Subscriptions({ now: () => performance.now(), intervalMs: 0 }),
      send: (notification) => void connection.send(notification),
      changed: () => resumption.changed(),
      takeUp: (uri, notify, parts) =>
        resumeResource(uri, notify, {
          ...parts,
          after(_, run) {
            server.later.add(run);
            return () => void server.later.delete(run);
          },
        }),
      prices: {
        answer: () => ({ result: PRICE }),
        read: () => Promise.resolve(PRICE),
        watchOf: () => server.watchOf("price"),
      },
    });
    const resuming: ResumingConnection = {
      identity,
      sessionId: crypto.randomUUID(),
      get subscriptions(): readonly KeptSubscription[] {
        return watched.watched;
      },
      get isClosed(): boolean {
        return connection.isClosed;
      },
      superseded: () => void connection.close(),
    };
    const resumption = new ConnectionResumption({
      resumptions: server.resumptions,
      connection: resuming,
      goOn: (subscriptions) => connection.resume(subscriptions),
    });
    const options = { opening, resumption, subscriptions: () => watched };
    const connection: TestConnection = new TestConnection(server, options, resuming);
    return connection;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  /** Sends a request and waits for its answer. */
  async ask(message: object): Promise<Json> {
    this.receive(JSON.stringify(message));
    const { id } = message as { id: unknown };
    return await this.until((written) => written.id === id);
  }

  /** What an opening or a plain request says of the session. */
  async open(message: object): Promise<Json> {
    const { result } = await this.ask(message);
    return result._meta?.[RESUMPTION_KEY] ?? result;
  }

  async until(is: (written: Json) => boolean): Promise<Json> {
    await lookUntil(
      (found: unknown) => found !== undefined,
      () => Promise.resolve(this.written.find(is)),
      "nothing of it was written",
    );
    return this.written.find(is);
  }

  /** Notifications by what they tell of. */
  get told(): string[] {
    return this.written.flatMap(({ method, params }) =>
      method === "price_update" ? [params.pair] : method === "notifications/resources/updated" ? [params.uri] : []
    );
  }

  /** The connection breaks, or its client says goodbye. */
  async leave({ isOver = false } = {}): Promise<void> {
    await this.close();
    this.#server.resumptions.left(this.resuming, { isOver });
  }

  protected write(text: string): void {
    this.written.push(JSON.parse(text));
  }

  protected end(): void {}
}

function asking(asked: unknown): { params: Record<string, unknown> } {
  return { params: { _meta: { [RESUMPTION_KEY]: asked } } };
}

/** Openings that hand in a token, or ask for one. */
const OPENINGS: Readonly<Record<string, (asked: Record<string, unknown>) => object>> = {
  "initialize": (asked) => initialize("open", asking(asked).params),
  "server/discover": (asked) => modern("open", "server/discover", { meta: { [RESUMPTION_KEY]: asked } }),
  "resume_session": (asked) => request("open", "resume_session", asked),
};

for (const [name, opening] of Object.entries(OPENINGS)) {
  Deno.test(`${name} is answered with a token on request, and a connection that presents it resumes`, async () => {
    await using server = new TestServer();
    const one = server.connect();
    const { token, ...rest } = await one.open(opening({}));
    assert.match(token, /^[A-Za-z0-9_-]{43}$/);
    assert.deepEqual(rest, { expires_in: 120, resumed: false });
    assert.ok((await one.ask(request(1, "subscribe", { pair: "XBTZAR" }))).result);
    await one.leave();
    assert.equal(server.watchers, 0);

    const two = server.connect();
    const resumed = await two.open(opening({ token }));
    assert.deepEqual({ ...resumed, token: undefined }, { token: undefined, expires_in: 120, resumed: true });
    assert.notEqual(resumed.token, token);
    assert.equal(two.resuming.sessionId, one.resuming.sessionId);
    await two.until(({ method }) => method === "price_update");
    await two.leave();

    const three = server.connect();
    assert.equal((await three.open(opening({ token: resumed.token }))).resumed, true);
    await three.leave();
  });
}

Deno.test("an opening that requests no token gets none", async () => {
  await using server = new TestServer();
  const connection = server.connect();
  assert.equal((await connection.ask(initialize(0))).result._meta, undefined);
  const { result } = await server.connect().ask(modern(0, "server/discover"));
  assert.deepEqual(Object.keys(result._meta), ["io.modelcontextprotocol/serverInfo"]);
});

Deno.test("resources/subscribe resumes: the client is notified of each resource once, and of its changes", async () => {
  await using server = new TestServer();
  const one = server.connect();
  const { token } = await one.open(initialize("open", asking({}).params));
  for (const [id, uri] of [TICKER, BALANCES, "luno://orders/open"].entries()) {
    await one.ask(request(id, "resources/subscribe", { uri }));
  }
  await one.ask(request(3, "resources/unsubscribe", { uri: "luno://orders/open" }));
  await one.leave();

  const two = server.connect();
  await two.open(initialize("open", asking({ token }).params));
  await two.until(({ params }) => params?.uri === BALANCES);
  assert.deepEqual(two.told, [TICKER, BALANCES]);
  server.change(TICKER);
  await lookUntil((count: number) => count === 3, () => turn(() => two.told.length), "its change was not told");
  assert.deepEqual(two.told, [TICKER, BALANCES, TICKER]);
  await two.ask(request(4, "resources/unsubscribe", { uri: TICKER }));
  assert.equal(server.watchers, 1);
  await two.leave();
  assert.equal(server.watchers, 0);
});

Deno.test("subscriptions/listen resumes under its id: it is notified, can be cancelled, and is answered at its end", async () => {
  await using server = new TestServer();
  const one = server.connect();
  const meta = { [RESUMPTION_KEY]: {} };
  const { token } = await one.open(modern("open", "server/discover", { meta }));
  for (const [id, uri] of [[7, TICKER], ["eight", BALANCES]] as const) {
    const params = { notifications: { resourceSubscriptions: [uri] } };
    one.receive(JSON.stringify(modern(id, "subscriptions/listen", { params })));
  }
  await lookUntil(
    (count: number) => count === 2,
    () => turn(() => one.written.filter(({ method }) => method).length),
    "no stream",
  );
  await one.leave();

  const two = server.connect();
  await two.open(modern("open", "server/discover", { meta: { [RESUMPTION_KEY]: { token } } }));
  const { params } = await two.until(({ params }) => params?.uri === TICKER);
  assert.equal(params._meta["io.modelcontextprotocol/subscriptionId"], 7);
  await two.until(({ params }) => params?.uri === BALANCES);
  assert.ok(!two.written.some(({ method }) => method === "notifications/subscriptions/acknowledged"));
  const params8 = { requestId: "eight" };
  two.receive(JSON.stringify({ jsonrpc: "2.0", method: "notifications/cancelled", params: params8 }));
  await lookUntil(
    (count: number) => count === 1,
    () => Promise.resolve(server.watchers),
    "the cancelled stream goes on",
  );
  await two.leave();

  const three = server.connect();
  const outcome = await three.open(modern("open", "server/discover", {
    meta: {
      [RESUMPTION_KEY]: { token: two.written.find(({ id }) => id === "open").result._meta[RESUMPTION_KEY].token },
    },
  }));
  assert.equal(outcome.resumed, true);
  await three.until(({ params }) => params?.uri === TICKER);
  assert.deepEqual(three.told, [TICKER]);
  assert.equal(three.pending, 1);
});

Deno.test("a server that drains leaves the streams of a client that can resume unanswered, and answers others", async () => {
  await using server = new TestServer();
  const listen = modern(1, "subscriptions/listen", { params: { notifications: { resourceSubscriptions: [TICKER] } } });
  const resumable = server.connect();
  const { token } = await resumable.open(modern("open", "server/discover", { meta: { [RESUMPTION_KEY]: {} } }));
  const other = server.connect();
  for (const connection of [resumable, other]) {
    connection.receive(JSON.stringify(listen));
    await connection.until(({ method }) => method === "notifications/subscriptions/acknowledged");
    assert.equal(await connection.drain(60_000), true);
  }
  assert.ok(other.written.some(({ id }) => id === 1));
  assert.ok(!resumable.written.some(({ id }) => id === 1));
  await resumable.leave();

  const next = server.connect();
  await next.open(modern("open", "server/discover", { meta: { [RESUMPTION_KEY]: { token } } }));
  await next.until(({ params }) => params?.uri === TICKER);
});

Deno.test("a resource that cannot be read while a client resumes is reported once it can be", async () => {
  await using server = new TestServer();
  const one = server.connect();
  const { token } = await one.open(initialize("open", asking({}).params));
  await one.ask(request(1, "resources/subscribe", { uri: TICKER }));
  await one.leave();
  server.unreadable.add(TICKER);
  const two = server.connect();
  assert.equal((await two.open(initialize("open", asking({ token }).params))).resumed, true);
  const tryAgain = () => {
    const [again] = server.later;
    if (again === undefined) return;
    server.later.delete(again);
    again();
  };
  await lookUntil((count: number) => count === 1, () => turn(() => server.later.size), "it is not tried again");
  tryAgain();
  await lookUntil((count: number) => count === 1, () => turn(() => server.later.size), "it is tried once more alone");
  assert.deepEqual(two.told, []);
  server.unreadable.delete(TICKER);
  tryAgain();
  await two.until(({ params }) => params?.uri === TICKER);
  await two.leave();
  assert.equal(server.watchers, 0);

  server.unreadable.add(TICKER);
  const { token: next } = two.written.find(({ id }) => id === "open").result._meta[RESUMPTION_KEY];
  const three = server.connect();
  await three.open(initialize("open", asking({ token: next }).params));
  await lookUntil((count: number) => count === 1, () => turn(() => server.later.size), "it is not tried again");
  await three.leave();
  assert.equal(server.later.size, 0, "nothing is tried for a client that has left");
});

Deno.test("a session that is resumed while its connection seems open ends that one, and has one connection", async () => {
  await using server = new TestServer();
  const one = server.connect();
  const { token } = await one.open(initialize("open", asking({}).params));
  await one.ask(request(1, "resources/subscribe", { uri: TICKER }));
  const two = server.connect();
  assert.equal((await two.open(initialize("open", asking({ token }).params))).resumed, true);
  await two.until(({ params }) => params?.uri === TICKER);
  assert.equal(one.isClosed, true);
  assert.equal(server.watchers, 1);
  // What is left of the first must not take the second's session along.
  server.resumptions.left(one.resuming, { isOver: true });
  const { token: next } = two.written.find(({ id }) => id === "open").result._meta[RESUMPTION_KEY];
  await two.leave();
  assert.equal((await server.connect().open(initialize("open", asking({ token: next }).params))).resumed, true);
});

Deno.test("a client that requests a token again gets another one, and the previous one is void", async () => {
  await using server = new TestServer();
  const one = server.connect();
  const first = await one.open(request(1, "resume_session", {}));
  await one.ask(request(2, "subscribe", { pair: "XBTZAR" }));
  const second = await one.open(request(3, "resume_session", {}));
  await one.ask(request(4, "ping"));
  await one.leave();
  const refused = await server.connect().open(request(1, "resume_session", { token: first.token }));
  assert.equal(refused.error.code, "ERR_RESUMPTION_UNKNOWN");
  const two = server.connect();
  assert.equal((await two.open(request(1, "resume_session", { token: second.token }))).resumed, true);
  await two.until(({ method }) => method === "price_update");
});

for (
  const [when, opening] of Object.entries({
    "as it is resumed": { isRead: false },
    "before it is read": { isRead: true },
  })
) {
  Deno.test(`a client resumes by the token that it has when its next one is lost with the connection ${when}`, async () => {
    await using server = new TestServer();
    const one = server.connect();
    const first = await one.open(request(1, "resume_session", {}));
    await one.ask(request(2, "subscribe", { pair: "XBTZAR" }));
    await one.leave();
    const lost = server.connect();
    const resume = request("open", "resume_session", { token: first.token });
    if (opening.isRead) await lost.open(resume);
    else lost.receive(JSON.stringify(resume));
    await lost.leave();
    await lookUntil(
      (count: number) => count === 1,
      () => turn(() => server.resumptions.waiting.length),
      "nobody waits",
    );

    const two = server.connect();
    const second = await two.open(resume);
    assert.equal(second.resumed, true);
    assert.equal(two.resuming.sessionId, one.resuming.sessionId);
    await two.until(({ method }) => method === "price_update");
    assert.equal(server.resumptions.waiting.length, 0);
    // It asks for another token on the same connection, and that one is lost.
    await two.open(request(3, "resume_session", {}));
    await two.leave();
    const three = server.connect();
    assert.equal((await three.open(request(1, "resume_session", { token: second.token }))).resumed, true);
    await three.leave();
  });
}

Deno.test("a client that received its next token cannot be resumed with the previous one", async () => {
  await using server = new TestServer();
  const one = server.connect();
  const first = await one.open(request(1, "resume_session", {}));
  await one.leave();
  const two = server.connect();
  const second = await two.open(request(1, "resume_session", { token: first.token }));
  await two.leave();
  const three = server.connect();
  assert.equal((await three.open(request(1, "resume_session", { token: second.token }))).resumed, true);
  const late = server.connect();
  const { error } = await late.open(request(1, "resume_session", { token: first.token }));
  assert.equal(error.code, "ERR_RESUMPTION_UNKNOWN");
  assert.equal(three.isClosed, false);
});

/** What is handed in as a token, and what it gets. */
const REFUSED: Readonly<
  Record<string, {
    readonly code: string;
    readonly hand: (server: TestServer, token: string) => unknown;
    readonly identity?: string;
  }>
> = {
  "forged": { code: "ERR_RESUMPTION_UNKNOWN", hand: (_, token) => `${token.slice(1)}${token.slice(0, 1)}` },
  "foreign": { code: "ERR_RESUMPTION_UNKNOWN", hand: (_, token) => token, identity: "key:bob" },
  "used": {
    code: "ERR_RESUMPTION_UNKNOWN",
    async hand(server, token) {
      const user = server.connect();
      assert.equal((await user.open(request("open", "resume_session", { token }))).resumed, true);
      await user.ask(request(1, "ping"));
      await user.leave();
      return token;
    },
  },
  "expired": {
    code: "ERR_RESUMPTION_UNKNOWN",
    hand(server, token) {
      server.clock.now += KEPT_MS;
      return token;
    },
  },
  "malformed": { code: "ERR_RESUMPTION_INVALID", hand: (_, token) => `${token.slice(0, -1)}!` },
  "too short": { code: "ERR_RESUMPTION_INVALID", hand: (_, token) => token.slice(0, -1) },
  "oversize": { code: "ERR_RESUMPTION_INVALID", hand: (_, token) => token.repeat(1_000) },
  "no text": { code: "ERR_RESUMPTION_INVALID", hand: () => 7 },
};

for (const [name, { code, hand, identity = "key:ann" }] of Object.entries(REFUSED)) {
  Deno.test(`a token that is ${name} gets a session of its own, and ${code}`, async () => {
    await using server = new TestServer();
    const owner = server.connect();
    const { token } = await owner.open(initialize("open", asking({}).params));
    await owner.ask(request(1, "resources/subscribe", { uri: TICKER }));
    await owner.leave();
    const handed = await hand(server, token);
    for (const opening of Object.values(OPENINGS)) {
      const connection = server.connect(identity);
      const { error, token: next, resumed } = await connection.open(opening({ token: handed }));
      assert.deepEqual([error.code, resumed], [code, false]);
      assert.match(error.message, /new session has begun/);
      assert.notEqual(next, token);
      assert.notEqual(connection.resuming.sessionId, owner.resuming.sessionId);
      await connection.leave();
      const again = server.connect(identity);
      assert.equal((await again.open(opening({ token: next }))).resumed, true, "the new session can be resumed");
      assert.deepEqual(again.told, []);
      await again.leave();
    }
    if (name === "foreign") {
      const own = server.connect();
      assert.equal((await own.open(request(1, "resume_session", { token }))).resumed, true, "its owner goes on");
    }
  });
}

Deno.test("a request in another form than an object is refused as a token is", async () => {
  await using server = new TestServer();
  for (const asked of [null, true, "token", [], 7]) {
    const { error } = await server.connect().open(initialize("open", asking(asked).params));
    assert.equal(error.code, "ERR_RESUMPTION_INVALID", JSON.stringify(asked));
  }
});

Deno.test("a client that closed its session cannot resume it", async () => {
  await using server = new TestServer();
  const one = server.connect();
  const { token } = await one.open(initialize("open", asking({}).params));
  await one.leave({ isOver: true });
  const { error } = await server.connect().open(initialize("open", asking({ token }).params));
  assert.equal(error.code, "ERR_RESUMPTION_UNKNOWN");
});

Deno.test("a connected session stays resumable for as long as its server confirms it", async () => {
  await using server = new TestServer();
  const one = server.connect();
  const { token } = await one.open(initialize("open", asking({}).params));
  server.clock.now += KEPT_MS - 1;
  await one.leave();
  server.clock.now += KEPT_MS - 1;
  assert.equal((await server.connect().open(initialize("open", asking({ token }).params))).resumed, true);
});

Deno.test("when sessions cannot be stored, an opening is answered without a token", async () => {
  await using server = new TestServer();
  server.store.keep = () => false;
  const outcome = await server.connect().open(initialize("open", asking({}).params));
  assert.deepEqual([outcome.token, outcome.resumed, outcome.error.code], [
    undefined,
    false,
    "ERR_RESUMPTION_UNAVAILABLE",
  ]);
});
