/**
 * Endpoints of receive addresses, transfers, withdrawals, beneficiaries, moves and linked users.
 */

import type { Move } from "../funding/funding.ts";
import { printAddress, printBeneficiary, printMove, printTransfer, printWithdrawal } from "./funding_print.ts";
import { PERMISSIONS } from "./simulated_keys.ts";
import { NETWORKS, networksOf, sendFeeOf } from "../funding/networks.ts";
import { invalidArgument, type Parameters } from "./parameters.ts";
import { printList } from "./print_numbers.ts";
import { Refusal } from "../engine/refusal.ts";
import type { Call, Route } from "./route.ts";
import type { Simulation } from "../simulation.ts";

const CLIENT_MOVE_ID = /^[0-9A-Za-z_;,.-]{1,255}$/;

/** Every endpoint of this file. */
export function fundingRoutes(simulation: Simulation): readonly Route[] {
  return [...readRoutes(simulation), ...addressRoutes(simulation)];
}

function readRoutes(simulation: Simulation): readonly Route[] {
  const { funding, accounts, settings } = simulation;
  const get = { method: "GET" } as const;
  return [
    {
      ...get,
      path: "/api/exchange/1/transfers",
      permission: PERMISSIONS.readTransfers,
      run: ({ parameters }) => {
        const accountId = parameters.id("account_id");
        if (accountId === undefined) throw new Refusal("ErrInvalidAccountID");
        const own = funding.transfers.filter((transfer) => transfer.accountId === accounts.get(accountId).id);
        return { transfers: printList(newestFirst(own, parameters).map(printTransfer), settings) };
      },
    },
    {
      ...get,
      path: "/api/1/withdrawals",
      permission: PERMISSIONS.readWithdrawals,
      run: ({ parameters }) => {
        const upTo = Number(parameters.id("before_id") ?? Infinity);
        const found = funding.withdrawals.filter(({ id }) => id <= upTo).toReversed().slice(0, parameters.limit());
        return { withdrawals: printList(found.map(printWithdrawal), settings) };
      },
    },
    {
      ...get,
      path: "/api/1/withdrawals/{id}",
      permission: PERMISSIONS.readWithdrawals,
      run: ({ id }) => {
        const found = funding.withdrawals.find((withdrawal) => String(withdrawal.id) === id);
        if (found === undefined) throw new Refusal("ErrWithdrawalNotFound");
        return printWithdrawal(found);
      },
    },
    {
      ...get,
      path: "/api/1/beneficiaries",
      permission: PERMISSIONS.readBeneficiaries,
      run: ({ parameters }) => {
        const matches = nameMatcher(parameters.text("bank_recipient") ?? "*");
        const found = funding.beneficiaries.filter(({ recipient }) => matches(recipient));
        return { beneficiaries: printList(found.map(printBeneficiary), settings) };
      },
    },
    {
      ...get,
      path: "/api/exchange/1/move",
      permission: 0,
      run: ({ parameters }) => printMove(findMove(simulation, parameters)),
    },
    {
      ...get,
      path: "/api/exchange/1/move/list_moves",
      permission: 0,
      run: ({ parameters }) => ({ moves: printList(newestFirst(funding.moves, parameters).map(printMove), settings) }),
    },
    { ...get, path: "/api/1/users/linked", permission: 0, run: () => ({ users: printList([], settings) }) },
  ];
}

function addressRoutes(simulation: Simulation): readonly Route[] {
  const { funding } = simulation;
  return [
    {
      method: "GET",
      path: "/api/1/funding_address",
      permission: PERMISSIONS.readAddresses,
      run: ({ parameters }) => {
        const asset = readAsset(parameters);
        const wanted = parameters.text("address");
        const found = funding.addresses.findLast((entry) =>
          entry.asset === asset && entry.address === (wanted ?? entry.address)
        );
        if (found === undefined) throw new Refusal("ErrNoAddressesAssigned");
        return printAddress(simulation, found);
      },
    },
    {
      method: "POST",
      path: "/api/1/funding_address",
      permission: PERMISSIONS.writeAddresses,
      run: ({ parameters, nowMs }) => {
        const assigned = funding.assignAddress({
          asset: readAsset(parameters),
          name: parameters.text("name") ?? "",
          accountId: parameters.id("account_id"),
          network: parameters.optionalInteger("network"),
        }, nowMs);
        return printAddress(simulation, assigned);
      },
    },
    { method: "POST", path: "/api/1/address/validate", permission: PERMISSIONS.send, run: validateAddress },
    {
      method: "GET",
      path: "/api/1/send/networks",
      permission: 0,
      run: ({ parameters }) => {
        // Clients omit the currency, although it is documented as required, and work with the real service.
        const isOpen = parameters.text("currency") === undefined;
        const networks = isOpen ? NETWORKS : networksOf(readAsset(parameters, "currency"));
        return {
          networks: networks.map(({ id, name, nativeCurrency }) => ({ id, name, native_currency: nativeCurrency })),
        };
      },
    },
    {
      method: "GET",
      path: "/api/1/send_fee",
      permission: 0,
      run: ({ parameters }) => {
        const currency = parameters.text("currency") ?? "";
        const fee = sendFeeOf(currency);
        if (fee === undefined) throw new Refusal("ErrInvalidCurrency");
        if (parameters.decimal("amount", "ErrInvalidAmount") === undefined) throw new Refusal("ErrInvalidAmount");
        if (parameters.text("address") === undefined) throw invalidArgument("address");
        return { currency, fee };
      },
    },
  ];
}

/** Newest first, created before an exclusive time. */
function newestFirst<Entry extends { readonly createdAt: number }>(
  entries: readonly Entry[],
  parameters: Parameters,
): readonly Entry[] {
  const before = parameters.optionalInteger("before") ?? Infinity;
  return entries.filter(({ createdAt }) => createdAt < before).toReversed().slice(0, parameters.limit());
}

function findMove({ funding }: Simulation, parameters: Parameters): Move {
  const id = parameters.text("id");
  const clientMoveId = parameters.text("client_move_id");
  if ((id === undefined) === (clientMoveId === undefined)) throw new Refusal("ErrInvalidParameters");
  if (clientMoveId !== undefined && !CLIENT_MOVE_ID.test(clientMoveId)) throw invalidArgument("client_move_id");
  const found = funding.moves.find((move) => id === undefined ? move.clientMoveId === clientMoveId : move.id === id);
  if (found === undefined) throw new Refusal("ErrFundsMoveNotFound");
  return found;
}

/** Accepts travel-rule data that is complete for its kind of owner. */
function validateAddress({ parameters }: Call): object {
  readAsset(parameters, "currency");
  const isSelf = parameters.boolean("is_self_send");
  const isEntity = parameters.boolean("is_legal_entity");
  const personal = ["beneficiary_name", "nationality", "date_of_birth", "country"];
  const wanted = isSelf ? [] : isEntity ? ["institution_name", "country"] : personal;
  const missing = ["address", ...wanted].find((name) => parameters.text(name) === undefined);
  if (missing !== undefined) throw invalidArgument(missing);
  // Clients that send every field send tag 0 with a flag of false.
  if (parameters.optionalInteger("destination_tag") !== undefined && !parameters.boolean("has_destination_tag")) {
    throw invalidArgument("has_destination_tag");
  }
  return { success: true };
}

/** A currency that has a network. */
function readAsset(parameters: Parameters, name: "asset" | "currency" = "asset"): string {
  const asset = parameters.text(name) ?? "";
  if (networksOf(asset).length === 0) throw new Refusal("ErrInvalidCurrency");
  return asset;
}

/** A pattern with `*` at either end. */
function nameMatcher(pattern: string): (name: string) => boolean {
  const core = pattern.replace(/^\*/, "").replace(/\*$/, "");
  const [open, close] = [pattern.startsWith("*"), pattern.endsWith("*")];
  if (open && close) return (name) => name.includes(core);
  if (open) return (name) => name.endsWith(core);
  return close ? (name) => name.startsWith(core) : (name) => name === core;
}
