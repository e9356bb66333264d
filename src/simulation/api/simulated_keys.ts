/** API keys of the simulated exchange, their permissions, and how a request presents one. */

import type { Settings } from "../options.ts";
import { Refusal } from "../engine/refusal.ts";

/** Permission bits with the exchange's numbers. */
export const PERMISSIONS = {
  readBalance: 1,
  readTransactions: 2,
  send: 4,
  readAddresses: 8,
  writeAddresses: 16,
  readOrders: 32,
  writeOrders: 64,
  readWithdrawals: 128,
  writeWithdrawals: 256,
  readBeneficiaries: 32768,
  writeBeneficiaries: 65536,
  readTransfers: 131072,
} as const;

/** A key and its secret; neither has any value outside the simulation. */
export interface SimulatedKey {
  readonly id: string;
  readonly secret: string;
  /** Bitwise OR of {@linkcode PERMISSIONS}. */
  readonly permissions: number;
  readonly revoked: boolean;
}

const READ = PERMISSIONS.readBalance | PERMISSIONS.readTransactions | PERMISSIONS.readAddresses |
  PERMISSIONS.readOrders | PERMISSIONS.readWithdrawals | PERMISSIONS.readBeneficiaries | PERMISSIONS.readTransfers;

const ALL = Object.values(PERMISSIONS).reduce((bits, bit) => bits | bit, 0);

const WRITES = PERMISSIONS.send | PERMISSIONS.writeAddresses | PERMISSIONS.writeOrders | PERMISSIONS.writeWithdrawals |
  PERMISSIONS.writeBeneficiaries;

/**
 * The documented keys. `trading` may read and trade, register addresses and send to them; `full` has every permission;
 * `readOnly` may read; `marketOnly` is valid without permissions; `revoked` was valid once.
 */
export const SIMULATED_KEYS = {
  trading: {
    id: "simulated_key",
    secret: "simulated_secret_not_a_real_one",
    permissions: READ | PERMISSIONS.writeOrders | PERMISSIONS.writeAddresses | PERMISSIONS.send,
    revoked: false,
  },
  full: {
    id: "simulated_full_key",
    secret: "simulated_full_secret_not_a_real_one",
    permissions: ALL,
    revoked: false,
  },
  readOnly: {
    id: "simulated_read_only_key",
    secret: "simulated_read_only_secret_not_a_real_one",
    permissions: READ,
    revoked: false,
  },
  marketOnly: {
    id: "simulated_bare_key",
    secret: "simulated_bare_secret_not_a_real_one",
    permissions: 0,
    revoked: false,
  },
  revoked: {
    id: "simulated_revoked_key",
    secret: "simulated_revoked_secret_not_a_real_one",
    permissions: READ,
    revoked: true,
  },
} as const satisfies Record<string, SimulatedKey>;

/** For each permission, a key that has only this one: `simulated_perm_4_key` may send. */
export const PERMISSION_KEYS: readonly SimulatedKey[] = Object.values(PERMISSIONS).map((bit) => ({
  id: `simulated_perm_${bit}_key`,
  secret: `simulated_perm_${bit}_secret_not_a_real_one`,
  permissions: bit,
  revoked: false,
}));

const BY_TOKEN: ReadonlyMap<string, SimulatedKey> = new Map(
  [...Object.values(SIMULATED_KEYS), ...PERMISSION_KEYS].map((key) => [btoa(`${key.id}:${key.secret}`), key]),
);

/** The key that a request's `Authorization` header authenticates; `undefined` when there is none. */
export function keyOf(authorization: string | null): SimulatedKey | undefined {
  const [scheme, token] = authorization?.split(" ", 2) ?? [];
  return scheme?.toLowerCase() === "basic" && token !== undefined ? BY_TOKEN.get(token) : undefined;
}

/** Missing or wrong credentials, which the exchange answers without a code. */
export class Unauthorised extends Error {
  override readonly name = "Unauthorised";
}

/**
 * Authorizes a key for a route that requires some permission bits; 0 means any valid key, or any that may write.
 *
 * @throws {Unauthorised} without a known key
 * @throws {Refusal} ErrApiKeyRevoked, or ErrInsufficientPerms when a bit is missing
 */
export function authorise(
  key: SimulatedKey | undefined,
  { permission, writes = false }: { readonly permission: number | null; readonly writes?: boolean },
): SimulatedKey {
  if (key === undefined) throw new Unauthorised();
  if (key.revoked) throw new Refusal("ErrApiKeyRevoked");
  const bits = permission ?? 0;
  const mayWrite = (key.permissions & WRITES) !== 0;
  if ((key.permissions & bits) !== bits || writes && !mayWrite) throw new Refusal("ErrInsufficientPerms");
  return key;
}

/** The response to {@linkcode Unauthorised}. */
export function unauthorisedResponse(settings: Settings): Response {
  if (settings.unauthorisedBody === "text") {
    return new Response("Unauthorized", { status: 401, headers: { "content-type": "text/plain" } });
  }
  return Response.json({ error: "You are not authorised to access this route", error_code: "ErrUnauthorised" }, {
    status: 401,
  });
}
