/**
 * The policy that was published to the record. The record refuses orders under an outdated version, so that none is
 * sent by an old policy before the new one is in force here.
 */

import { getLogger } from "../logging/logger.ts";
import type { CurrentPolicies } from "../trading/policy/policies.ts";
import { parsePolicyFile } from "../trading/policy/policy_file.ts";
import { FollowedFile } from "./followed_file.ts";
import { unlimitedTrading } from "./read_policy.ts";

const log = getLogger(["luno-mcp-server", "trading"]);

/** Follows it, and puts its content into `policies`. `hasOwn`: whether `--policy` names a file. */
export function followPolicy(
  policies: CurrentPolicies,
  { hasOwn, isServer }: { readonly hasOwn: boolean; readonly isServer: boolean },
): FollowedFile {
  return new FollowedFile({
    ...{ kind: "policy", hasOwn, isServer },
    otherwise: "orders are refused here",
    take({ text, version }) {
      const parsed = parsePolicyFile(text, { version });
      if (!parsed.ok) return parsed.problems;
      policies.replace(parsed.file);
      const unlimited = isServer ? unlimitedTrading(parsed.file, policies.bound) : undefined;
      if (unlimited !== undefined) log.warning(unlimited);
      return [];
    },
  });
}
