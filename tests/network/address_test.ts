import assert from "node:assert/strict";
import fc from "fast-check";
import { isIP } from "node:net";
import { addressKey, hostName, ipVersion, isLoopback, isLoopbackAddress } from "../../src/network/address.ts";

Deno.test("addressKey() counts an IPv4 address as itself, in any spelling", () => {
  assert.equal(addressKey("192.0.2.7"), "192.0.2.7");
  assert.equal(addressKey("::ffff:192.0.2.7"), "192.0.2.7");
});

Deno.test("addressKey() counts an IPv6 network of 64 bits as one", () => {
  assert.equal(addressKey("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  assert.equal(addressKey("2001:0db8:0001:0002::1"), "2001:db8:1:2::/64");
  assert.equal(addressKey("2001:db8::1"), "2001:db8:0:0::/64");
  assert.equal(addressKey("fe80::1%eth0"), "fe80:0:0:0::/64");
});

Deno.test("addressKey() is the same for all hosts of a network and differs between networks", () => {
  const group = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16));
  const groups = (count: number) => fc.array(group, { minLength: count, maxLength: count });
  fc.assert(fc.property(groups(4), groups(4), groups(4), groups(4), (net, other, host, another) => {
    const key = addressKey([...net, ...host].join(":"));
    assert.equal(addressKey([...net, ...another].join(":")), key);
    assert.equal(addressKey([...other, ...host].join(":")) === key, other.join() === net.join());
  }));
});

Deno.test("isLoopbackAddress() is true for this machine only", () => {
  for (const address of ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"]) {
    assert.ok(isLoopbackAddress(address), address);
  }
  for (const address of ["192.0.2.1", "::2", "128.0.0.1", "::ffff:10.0.0.1", "1270.0.0.1"]) {
    assert.ok(!isLoopbackAddress(address), address);
  }
});

Deno.test("isLoopback() knows this machine's names and no others", () => {
  for (const host of ["localhost", "127.0.0.1", "127.255.0.9", "[::1]", "::1"]) assert.ok(isLoopback(host), host);
  for (
    const host of [
      "0.0.0.0",
      "[::]",
      "::",
      "128.0.0.1",
      "127.0.0.1.example",
      "localhost.example",
      "[::ffff:7f00:1]",
      "",
    ]
  ) {
    assert.ok(!isLoopback(host), host);
  }
});

Deno.test("hostName() puts IPv6 addresses in brackets, once, and leaves everything else unchanged", () => {
  assert.deepEqual(["::1", "[::1]", "127.0.0.2", "luno.example"].map(hostName), [
    "[::1]",
    "[::1]",
    "127.0.0.2",
    "luno.example",
  ]);
});

Deno.test("ipVersion() accepts the addresses that node:net accepts, and no others", () => {
  const part = fc.oneof(
    fc.constantFrom("0", "00", "255", "256", "", ":", "::", ".", "%eth0", "%", "[", "]", "/8", "@"),
    fc.stringMatching(/^[0-9a-g]{1,5}$/),
  );
  const text = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.ipV4Extended(),
    fc.array(part, { maxLength: 10 }).map((parts) => parts.join("")),
    fc.array(part, { maxLength: 9 }).map((parts) => parts.join(":")),
    fc.array(part, { maxLength: 5 }).map((parts) => parts.join(".")),
  );
  fc.assert(
    fc.property(text, (text) => {
      fc.pre(!/%(?!\w+$)/.test(text)); // That takes anything for a zone.
      assert.equal(ipVersion(text) ?? 0, isIP(text), text);
    }),
    { numRuns: 5_000 },
  );
  for (
    const address of [
      "::",
      "::1",
      "fe80::1%eth0",
      "::ffff:1.2.3.4",
      "1.2.3.4",
      "01.2.3.4",
      "1.2.3",
      "",
      "1:2:3:4:5:6:7::",
      "fe80::1%",
    ]
  ) {
    assert.equal(ipVersion(address) ?? 0, isIP(address), address);
  }
});
