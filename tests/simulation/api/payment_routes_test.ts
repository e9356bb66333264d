import assert from "node:assert/strict";
import Big from "big.js";
import { PERMISSION_KEYS, PERMISSIONS, SIMULATED_KEYS } from "../../../src/simulation/api/simulated_keys.ts";
import { type Json, openSimulation, type SimulatedClient } from "../simulated_client.ts";

function open(): SimulatedClient {
  return openSimulation().as(SIMULATED_KEYS.full);
}

async function accounts(client: SimulatedClient, currency: string): Promise<Json[]> {
  const { json } = await client.get("/api/1/balance");
  return json.balance.filter((row: Json) => row.asset === currency);
}

function less(amount: string, taken: string): Big {
  return new Big(amount).minus(taken);
}

Deno.test("POST move moves between own accounts, once per client_move_id, and fails beyond the balance", async () => {
  const client = open();
  const [main, savings] = await accounts(client, "ZAR");
  const move = { amount: "1000", debit_account_id: main.account_id, credit_account_id: savings.account_id };
  const first = await client.post("/api/exchange/1/move", { ...move, client_move_id: "m-1" });
  assert.deepEqual([first.status, first.json.status], [200, "CREATED"]);
  const read = await client.get("/api/exchange/1/move?client_move_id=m-1");
  assert.deepEqual([read.json.id, read.json.status, read.json.amount], [first.json.id, "SUCCESSFUL", "1000.00"]);
  const [less1000, more1000] = await accounts(client, "ZAR");
  assert.ok(less(main.balance, "1000").eq(less1000.balance));
  assert.ok(less(savings.balance, "-1000").eq(more1000.balance));
  const again = await client.post("/api/exchange/1/move", { ...move, client_move_id: "m-1" });
  assert.deepEqual([again.status, again.json.error_code], [409, "ErrDuplicateClientMoveID"]);
  const tooMuch = await client.post("/api/exchange/1/move", { ...move, amount: "99999999" });
  assert.equal((await client.get(`/api/exchange/1/move?id=${tooMuch.json.id}`)).json.status, "FAILED");
  const same = await client.post("/api/exchange/1/move", { ...move, credit_account_id: main.account_id });
  assert.equal(same.json.error_code, "ErrAccountsNotDifferent");
});

Deno.test("POST convert changes rand into its unit one to one, and returns its first result for the same key", async () => {
  const client = open();
  const [main] = await accounts(client, "ZAR");
  const { json: unit } = await client.post("/api/1/accounts", { currency: "ZARU", name: "Unit" });
  const conversion = { amount: "250", source_account_id: main.account_id, target_account_id: unit.id };
  assert.equal((await client.post("/api/exchange/1/convert", conversion)).json.error_code, "ErrMissingIdempotencyKey");
  const keyed = { ...conversion, idempotency_key: "k-1" };
  const first = await client.post("/api/exchange/1/convert", keyed);
  assert.deepEqual([first.json.source_currency, first.json.target_currency, first.json.target_account_balance], [
    "ZAR",
    "ZARU",
    "250.00",
  ]);
  assert.deepEqual((await client.post("/api/exchange/1/convert", keyed)).json, first.json);
  const other = await client.post("/api/exchange/1/convert", { ...keyed, amount: "1" });
  assert.deepEqual([other.status, other.json.error_code], [409, "ErrIdempotencyKeyRequestMismatch"]);
});

Deno.test("POST send takes the amount and its fee, and appears as a transfer and a withdrawal", async () => {
  const client = open();
  const [before] = await accounts(client, "XBT");
  const form = { amount: "0.01", currency: "XBT", address: "bc1qsimulated", external_id: "s-1" };
  const sent = await client.post("/api/1/send", form);
  assert.equal(sent.json.success, true);
  const [after] = await accounts(client, "XBT");
  assert.equal(new Big(before.balance).minus(after.balance).toFixed(), "0.0101");
  const withdrawal = await client.get(`/api/1/withdrawals/${sent.json.withdrawal_id}`);
  assert.deepEqual([withdrawal.json.status, withdrawal.json.amount, withdrawal.json.fee], [
    "COMPLETED",
    "0.01",
    "0.0001",
  ]);
  const { json } = await client.get(`/api/exchange/1/transfers?account_id=${before.account_id}`);
  assert.deepEqual([json.transfers[0].inbound, json.transfers[0].id], [false, withdrawal.json.transfer_id]);
  assert.equal((await client.post("/api/1/send", form)).json.error_code, "ErrDuplicateExternalID");
  const tooMuch = await client.post("/api/1/send", { ...form, external_id: "s-2", amount: "1000" });
  assert.equal(tooMuch.json.error_code, "ErrInsufficientFunds");
});

Deno.test("POST withdrawals reserves the money until it is cancelled", async () => {
  const client = open();
  const [before] = await accounts(client, "ZAR");
  const asked = await client.post("/api/1/withdrawals", { type: "ZAR_EFT", amount: "500" });
  assert.deepEqual([asked.json.status, asked.json.currency, asked.json.transfer_id], ["PENDING", "ZAR", ""]);
  const [held] = await accounts(client, "ZAR");
  assert.equal(new Big(held.reserved).minus(before.reserved).toFixed(), "508.5");
  const cancelled = await client.send("DELETE", `/api/1/withdrawals/${asked.json.id}`);
  assert.equal(cancelled.json.status, "CANCELLED");
  assert.deepEqual((await accounts(client, "ZAR"))[0], before);
  const again = await client.send("DELETE", `/api/1/withdrawals/${asked.json.id}`);
  assert.equal(again.json.error_code, "ErrWithdrawalNotFound");
});

Deno.test("beneficiaries are created, listed, paid to and deleted", async () => {
  const client = open();
  const form = {
    bank_name: "FIRNZAJJ",
    bank_account_number: "62000000000",
    account_type: "Savings",
    bank_recipient: "A Friend",
  };
  const { json: { id } } = await client.post("/api/1/beneficiaries", form);
  const { json } = await client.get("/api/1/beneficiaries");
  assert.ok(json.beneficiaries.some((row: Json) => row.id === id && row.bank_recipient === "A Friend"));
  const paid = await client.post("/api/1/withdrawals", { type: "ZAR_EFT", amount: "5", beneficiary_id: id });
  assert.equal(paid.json.status, "PENDING");
  const deleted = await client.send("DELETE", `/api/1/beneficiaries/${id}`);
  assert.deepEqual([deleted.status, deleted.text], [204, ""]);
  assert.equal((await client.send("DELETE", `/api/1/beneficiaries/${id}`)).json.error_code, "ErrBeneficiaryNotFound");
});

Deno.test("for each permission there is a key with it alone, and one key with all of them", async () => {
  const client = openSimulation();
  for (const key of PERMISSION_KEYS) {
    assert.equal(
      (await client.as(key).get("/api/1/balance")).status,
      key.permissions === PERMISSIONS.readBalance ? 200 : 403,
    );
  }
  const bits = Object.values(PERMISSIONS);
  assert.ok(bits.every((bit) => (SIMULATED_KEYS.full.permissions & bit) === bit));
  assert.deepEqual(PERMISSION_KEYS.map(({ permissions }) => permissions), bits);
});

Deno.test("POST address/validate accepts every field that luno-go sends, including zeros", async () => {
  const filled = { address: "bc1qx", currency: "XBT", is_self_send: "true" };
  const zeros = {
    address_name: "",
    beneficiary_name: "",
    country: "",
    date_of_birth: "",
    destination_tag: "0",
    has_destination_tag: "false",
    institution_name: "",
    is_legal_entity: "false",
    is_private_wallet: "false",
    memo: "",
    nationality: "",
    physical_address: "",
    wallet_name: "",
  };
  const answer = await openSimulation().post("/api/1/address/validate", { ...zeros, ...filled });
  assert.deepEqual([answer.status, answer.json], [200, { success: true }]);
  const tagged = { ...zeros, ...filled, destination_tag: "7" };
  assert.equal((await openSimulation().post("/api/1/address/validate", tagged)).status, 400);
});
