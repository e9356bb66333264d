/** Determines the origin of a request: headers of a proxy count only when the operator named the proxy. */

import { BlockList, isIP } from "node:net";
import { canonicalAddress } from "../network/address.ts";
import { someField } from "../network/header_fields.ts";
import type { HeaderFields } from "../network/header_fields.ts";
import { remembered } from "../network/remembered.ts";

/** Headers by which proxies, load balancers and CDNs indicate that they forward a request. */
const FORWARDING_HEADERS = new Set([
  "ali-cdn-real-ip",
  "cdn-loop",
  "cf-connecting-ip",
  "cf-connecting-ipv6",
  "cf-pseudo-ipv4",
  "cf-ray",
  "cf-visitor",
  "client-ip",
  "cloudfront-forwarded-proto",
  "cloudfront-viewer-address",
  "do-connecting-ip",
  "fastly-client-ip",
  "fly-client-ip",
  "forwarded",
  "forwarded-for",
  "front-end-https",
  "proxy-client-ip",
  "true-client-ip",
  "via",
  "wl-proxy-client-ip",
  "x-amzn-trace-id",
  "x-appengine-user-ip",
  "x-arr-log-id",
  "x-arr-ssl",
  "x-azure-clientip",
  "x-azure-socketip",
  "x-client-ip",
  "x-cluster-client-ip",
  "x-envoy-external-address",
  "x-envoy-original-path",
  "x-nf-client-connection-ip",
  "x-original-host",
  "x-original-uri",
  "x-original-url",
  "x-proxyuser-ip",
  "x-real-ip",
  "x-real-port",
  "x-remote-addr",
  "x-remote-ip",
  "x-rewrite-url",
  "x-scheme",
  "x-url-scheme",
]);

/** `X-Forwarded-For`, `-Host`, `-Proto`, `-Port` and so on, also with another prefix. */
const FORWARDED_NAME = /^x-(.+-)?forwarded(-|$)/;

const isForwarding = remembered((name) =>
  FORWARDING_HEADERS.has(name) || (name.startsWith("x-") && FORWARDED_NAME.test(name))
);

/** The origin of a request. */
export interface Origination {
  /** IP address of the client, as far as it is trusted. */
  readonly address: string;
  /** Whether a proxy that is not trusted claims to forward it. */
  readonly isUnbelieved: boolean;
  /** Whether a trusted proxy forwards it for another client. */
  readonly isForwarded: boolean;
}

/** The proxies that the operator named. */
export class TrustedProxies {
  readonly #list = new BlockList();
  readonly #isEmpty: boolean;

  /** IP addresses and networks, such as `10.0.0.0/8`, already validated. */
  constructor(addresses: readonly string[] = []) {
    this.#isEmpty = addresses.length === 0;
    for (const text of addresses) {
      // Peers have no zone.
      const [address = "", bits] = text.replace(/%[^/]*/, "").split("/");
      const family = isIP(address) === 6 ? "ipv6" : "ipv4";
      if (bits === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(bits), family);
    }
  }

  /** Finds the client of a request: the last address in `X-Forwarded-For` that is not a trusted proxy itself. */
  originate(peer: string, headers: HeaderFields): Origination {
    const saysSo = saysForwarded(headers);
    if (!this.has(peer)) return { address: peer, isUnbelieved: saysSo, isForwarded: false };
    const hops = headers.get("x-forwarded-for")?.split(",").map((hop) => plainAddress(hop.trim())) ?? [];
    const last = hops.findLastIndex((hop) => hop === undefined || !this.has(hop));
    // Entries before a hop that is not an address come from an unknown source.
    const client = hops[Math.max(last, 0)];
    return { address: client ?? peer, isUnbelieved: false, isForwarded: saysSo };
  }

  /** Tells whether an address belongs to a trusted proxy. */
  has(address: string): boolean {
    if (this.#isEmpty || isIP(address) === 0) return false;
    return this.#list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
  }
}

function saysForwarded(headers: HeaderFields): boolean {
  return someField(headers, isForwarding);
}

/** An address without brackets, port and zone; `undefined` when the text is none. */
function plainAddress(text: string): string | undefined {
  const address = /^\[(.*)\](?::\d+)?$/.exec(text)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text)?.[1] ?? text;
  return isIP(address) === 0 ? undefined : canonicalAddress(address);
}
