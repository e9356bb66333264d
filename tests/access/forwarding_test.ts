import assert from "node:assert/strict";
import { TrustedProxies } from "../../src/access/forwarding.ts";

const PROXY = "10.0.0.1";
const CLIENT = "203.0.113.9";

/** The address used for a request of this peer. */
function addressOf(proxies: readonly string[], peer: string, forwardedFor: string): string {
  return new TrustedProxies(proxies).originate(peer, new Headers({ "x-forwarded-for": forwardedFor })).address;
}

Deno.test("TrustedProxies.originate() is the peer when no header is present", () => {
  for (const proxies of [[], [PROXY]]) {
    const origination = new TrustedProxies(proxies).originate(PROXY, new Headers());
    assert.deepEqual(origination, { address: PROXY, isUnbelieved: false, isForwarded: false });
  }
});

const FORWARDING = [
  "Forwarded",
  "X-Forwarded-For",
  "X-Forwarded-Host",
  "X-Forwarded-Proto",
  "X-Forwarded-Port",
  "X-Original-Forwarded-For",
  "X-Forwarded",
  "X-Real-IP",
  "Via",
  "CF-Connecting-IP",
  "True-Client-IP",
  "Fastly-Client-IP",
  "X-Client-IP",
  "X-Cluster-Client-IP",
  "X-Envoy-External-Address",
  "X-Azure-ClientIP",
  "CloudFront-Viewer-Address",
];

for (const header of FORWARDING) {
  Deno.test(`TrustedProxies.originate() does not trust ${header} of a peer that is not named, and reports that`, () => {
    for (const proxies of [[], ["10.0.0.2"], ["10.1.0.0/16"]]) {
      const origination = new TrustedProxies(proxies).originate(PROXY, new Headers({ [header]: CLIENT }));
      assert.deepEqual(origination, { address: PROXY, isUnbelieved: true, isForwarded: false });
    }
  });

  Deno.test(`TrustedProxies.originate() reports that a named proxy forwards by ${header}`, () => {
    const origination = new TrustedProxies([PROXY]).originate(PROXY, new Headers({ [header]: CLIENT }));
    const address = header === "X-Forwarded-For" ? CLIENT : PROXY;
    assert.deepEqual(origination, { address, isUnbelieved: false, isForwarded: true });
  });
}

Deno.test("TrustedProxies.originate() uses the last address that is not a named proxy, whatever the client sent before it", () => {
  assert.equal(addressOf([PROXY], PROXY, CLIENT), CLIENT);
  assert.equal(addressOf([PROXY], PROXY, `127.0.0.1, ${CLIENT}`), CLIENT);
  assert.equal(addressOf([PROXY, "10.0.0.2"], PROXY, `127.0.0.1, ${CLIENT}, 10.0.0.2`), CLIENT);
  assert.equal(addressOf([PROXY], PROXY, `127.0.0.1, ${CLIENT}, 10.0.0.2`), "10.0.0.2");
});

Deno.test("TrustedProxies.originate() uses the first hop when all are named, and the peer when that hop is not an address", () => {
  assert.equal(addressOf(["10.0.0.0/8"], PROXY, "10.0.0.7, 10.0.0.8"), "10.0.0.7");
  for (const text of ["unknown", "", "nonsense", "1.2.3", `${CLIENT}, unknown`, "999.1.1.1"]) {
    assert.equal(addressOf([PROXY], PROXY, text), PROXY, text);
  }
});

Deno.test("TrustedProxies.originate() strips ports and brackets", () => {
  assert.equal(addressOf([PROXY], PROXY, `${CLIENT}:4711`), CLIENT);
  assert.equal(addressOf([PROXY], PROXY, "[2001:db8::1]:4711"), "2001:db8::1");
  assert.equal(addressOf([PROXY], PROXY, "2001:db8::1"), "2001:db8::1");
});

Deno.test("TrustedProxies.originate() gives one form of each address, as limits and logs name clients by it", () => {
  for (
    const mapped of ["::ffff:203.0.113.9", "::FFFF:cb00:7109", "0:0:0:0:0:ffff:203.0.113.9", "[::ffff:cb00:7109]:80"]
  ) {
    assert.equal(addressOf([PROXY], PROXY, mapped), CLIENT, mapped);
  }
  for (const same of ["2001:DB8:0:0::1", "2001:0db8::0001", "2001:db8::1%eth0", "[2001:db8::1%25eth0]:80"]) {
    assert.equal(addressOf([PROXY], PROXY, same), "2001:db8::1", same);
  }
});

Deno.test("TrustedProxies matches proxies whatever zone they are named with, as peers have none", () => {
  const proxies = new TrustedProxies(["fe80::1%eth0", "fe80:1::%eth0/64"]);
  assert.deepEqual(["fe80::1", "fe80:1::5", "fe80::2"].map((peer) => proxies.has(peer)), [true, true, false]);
  assert.equal(addressOf(["fe80::1"], "fe80::1", `${CLIENT}, fe80::1%eth1`), CLIENT);
});

Deno.test("TrustedProxies matches networks, IPv6, and IPv4 addresses as a dual-stack listener sees them", () => {
  assert.equal(addressOf(["10.0.0.0/8"], "10.255.0.1", CLIENT), CLIENT);
  assert.equal(addressOf(["10.0.0.0/8"], "11.0.0.1", CLIENT), "11.0.0.1");
  assert.equal(addressOf(["2001:db8::/32"], "2001:db8::1", CLIENT), CLIENT);
  assert.equal(addressOf(["2001:db8::/32"], "2001:db9::1", CLIENT), "2001:db9::1");
  assert.equal(addressOf(["::1"], "::1", CLIENT), CLIENT);
  assert.equal(addressOf([PROXY], `::ffff:${PROXY}`, CLIENT), CLIENT);
});
