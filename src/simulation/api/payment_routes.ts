/** Endpoints that send, withdraw, move and convert money, and their recipients. Nothing leaves the simulation. */

import type Big from "big.js";
import { sendFeeOf } from "../funding/networks.ts";
import { Payments } from "../funding/payments.ts";
import type { Simulation } from "../simulation.ts";
import type { Account } from "../engine/accounts.ts";
import { Refusal } from "../engine/refusal.ts";
import { printBeneficiary, printWithdrawal } from "./funding_print.ts";
import { PERMISSIONS } from "./simulated_keys.ts";
import { invalidArgument, type Parameters } from "./parameters.ts";
import { printDecimal } from "./print_numbers.ts";
import { type Call, NO_CONTENT, type Route } from "./route.ts";

const CLIENT_MOVE_ID = /^[0-9A-Za-z_;,.-]{1,255}$/;
const EXTERNAL_ID = /^[0-9A-Za-z_-]{0,255}$/;

/** The withdrawal methods of the currencies that the simulated user is verified for. */
const METHODS: ReadonlyMap<string, string> = new Map([["ZAR_EFT", "ZAR"], ["MYR_IBG", "MYR"]]);

const ACCOUNT_TYPES = new Set(["Current/Cheque", "Savings", "Transmission"]);

/** Every endpoint of this file. */
export function paymentRoutes(simulation: Simulation): readonly Route[] {
  const payments = new Payments(simulation);
  return [...accountPayments(payments), ...outgoing(simulation, payments), ...beneficiaries(simulation)];
}

function accountPayments(payments: Payments): readonly Route[] {
  const post = { method: "POST", permission: 0, writes: true } as const;
  return [
    {
      ...post,
      path: "/api/exchange/1/move",
      run: ({ parameters, nowMs }) => {
        const clientMoveId = parameters.text("client_move_id") ?? "";
        if (clientMoveId !== "" && !CLIENT_MOVE_ID.test(clientMoveId)) throw invalidArgument("client_move_id");
        const [from, to] = [requiredId(parameters, "debit_account_id"), requiredId(parameters, "credit_account_id")];
        const { id } = payments.move({ from, to, amount: amountOf(parameters), clientMoveId }, nowMs);
        return { id, status: "CREATED" };
      },
    },
    {
      ...post,
      path: "/api/exchange/1/convert",
      run: ({ parameters, nowMs }) => {
        const key = parameters.text("idempotency_key");
        if (key === undefined) throw new Refusal("ErrMissingIdempotencyKey");
        const [from, to] = [requiredId(parameters, "source_account_id"), requiredId(parameters, "target_account_id")];
        const { id, source, target, amount } = payments.convert({ from, to, amount: amountOf(parameters), key }, nowMs);
        return {
          id,
          source_currency: source.currency,
          target_currency: target.currency,
          converted_amount: printDecimal(amount),
          source_account_balance: printDecimal(source.ledger.totals.balance),
          target_account_balance: printDecimal(target.ledger.totals.balance),
        };
      },
    },
  ];
}

function outgoing(simulation: Simulation, payments: Payments): readonly Route[] {
  return [
    {
      method: "POST",
      path: "/api/1/send",
      permission: PERMISSIONS.send,
      run: ({ parameters, nowMs }) => {
        const currency = parameters.text("currency") ?? "";
        if (sendFeeOf(currency) === undefined) throw new Refusal("ErrInvalidCurrency");
        const address = parameters.text("address");
        if (address === undefined) throw invalidArgument("address");
        if ((parameters.text("description") ?? "").length > 256) throw new Refusal("ErrDescriptionTooLong");
        const account = accountIn(simulation, { currency, id: parameters.id("account_id") });
        const externalId = externalIdOf(parameters);
        const sent = payments.send({ account, amount: amountOf(parameters), address, externalId }, nowMs);
        return { success: true, withdrawal_id: String(sent.id) };
      },
    },
    {
      method: "POST",
      path: "/api/1/withdrawals",
      permission: PERMISSIONS.writeWithdrawals,
      run: (call) => printWithdrawal(withdraw(simulation, payments, call)),
    },
    {
      method: "DELETE",
      path: "/api/1/withdrawals/{id}",
      permission: PERMISSIONS.writeWithdrawals,
      run: ({ id, nowMs }) => printWithdrawal(payments.cancelWithdrawal(id, nowMs)),
    },
  ];
}

function withdraw(simulation: Simulation, payments: Payments, { parameters, nowMs }: Call) {
  const type = parameters.text("type") ?? "";
  const currency = METHODS.get(type);
  if (currency === undefined) throw new Refusal("ErrInvalidRequestType");
  if (parameters.boolean("fast") && type !== "ZAR_EFT") {
    throw new Refusal("ErrRequestTypeDoesNotSupportFastWithdrawals");
  }
  const beneficiaryId = parameters.id("beneficiary_id");
  const known = simulation.funding.beneficiaries;
  if (beneficiaryId !== undefined && !known.some(({ id }) => id === beneficiaryId)) {
    throw new Refusal("ErrBeneficiaryNotFound");
  }
  if (beneficiaryId === undefined && known.length !== 1) throw invalidArgument("beneficiary_id");
  const account = accountIn(simulation, { currency, id: parameters.id("source_account_id") });
  const externalId = externalIdOf(parameters);
  return payments.withdraw({ account, type, amount: amountOf(parameters), externalId }, nowMs);
}

function beneficiaries({ funding, identifiers }: Simulation): readonly Route[] {
  return [
    {
      method: "POST",
      path: "/api/1/beneficiaries",
      permission: PERMISSIONS.writeBeneficiaries,
      run: ({ parameters, nowMs }) => {
        const text = (name: string): string => parameters.text(name) ?? refuse("ErrInvalidDetails");
        const accountNumber = text("bank_account_number");
        if (!/^\d{5,20}$/.test(accountNumber)) throw new Refusal("ErrInvalidAccountNumber");
        const accountType = text("account_type");
        if (!ACCOUNT_TYPES.has(accountType)) throw new Refusal("ErrInvalidDetails");
        const created = {
          id: identifiers.account(),
          bankName: text("bank_name"),
          accountNumber,
          accountType,
          branch: "",
          country: "ZA",
          recipient: text("bank_recipient"),
          createdAt: nowMs,
          fast: false,
        };
        funding.beneficiaries.push(created);
        return printBeneficiary(created);
      },
    },
    {
      method: "DELETE",
      path: "/api/1/beneficiaries/{id}",
      permission: PERMISSIONS.writeBeneficiaries,
      run: ({ id }) => {
        const place = funding.beneficiaries.findIndex((beneficiary) => beneficiary.id === id);
        if (place < 0) throw new Refusal("ErrBeneficiaryNotFound");
        funding.beneficiaries.splice(place, 1);
        return NO_CONTENT;
      },
    },
  ];
}

function accountIn(
  { accounts }: Simulation,
  { currency, id }: { readonly currency: string; readonly id: string | undefined },
): Account {
  const account = id === undefined ? accounts.defaultIn(currency) : accounts.get(id);
  if (account === undefined || account.currency !== currency) throw new Refusal("ErrInvalidSourceAccount");
  return account;
}

function amountOf(parameters: Parameters): Big {
  return parameters.decimal("amount", "ErrInvalidAmount") ?? refuse("ErrInvalidAmount");
}

function requiredId(parameters: Parameters, name: string): string {
  return parameters.id(name) ?? refuse("ErrInvalidAccountID");
}

function externalIdOf(parameters: Parameters): string {
  const externalId = parameters.text("external_id") ?? "";
  if (!EXTERNAL_ID.test(externalId)) throw invalidArgument("external_id");
  return externalId;
}

function refuse(code: ConstructorParameters<typeof Refusal>[0]): never {
  throw new Refusal(code);
}
