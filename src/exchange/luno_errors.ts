/**
 * Luno's own error codes: the 88 of the official list and ten that only other sources show.
 *
 * `status` is documented for 401, 409 and 429 and observed for ErrMarketUnavailable; elsewhere it is an assumption.
 */

/** The kind of failure. */
export type LunoErrorCategory =
  | "account-policy"
  | "auth"
  | "duplicate"
  | "funds"
  | "legacy"
  | "market-state"
  | "not-found"
  | "order"
  | "rate-limit"
  | "server"
  | "validation";

/**
 * What to do about repeating the call: `no` fix the request first; `reads-only` repeat reads, look up writes;
 * `after-backoff` and `after-long-delay` wait, then repeat; `check-first` the outcome is unknown; `treat-as-done` the
 * key was used by a request that succeeded.
 */
export type LunoErrorRetry =
  | "no"
  | "reads-only"
  | "after-backoff"
  | "after-long-delay"
  | "check-first"
  | "treat-as-done";

/** One row of {@linkcode LUNO_ERRORS}. */
export interface LunoErrorRow {
  readonly status: number;
  readonly category: LunoErrorCategory;
  readonly retry: LunoErrorRetry;
  /** The English text that comes with the code; may be translated for authenticated calls. */
  readonly message: string;
}

/** Every known `error_code`. */
export const LUNO_ERRORS = {
  ErrAccountIsMigrating: {
    status: 400,
    category: "account-policy",
    retry: "after-long-delay",
    message: "Account migration in progress",
  },
  ErrAccountLimit: {
    status: 400,
    category: "account-policy",
    retry: "no",
    message: "You can't add another wallet with this currency",
  },
  ErrAccountNotFound: { status: 400, category: "not-found", retry: "no", message: "Cannot find that account" },
  ErrAccountsNotDifferent: {
    status: 400,
    category: "validation",
    retry: "no",
    message: "Debit and credit accounts must be different",
  },
  ErrActiveCryptoRequestExists: {
    status: 400,
    category: "order",
    retry: "after-backoff",
    message: "Send request pending. Please try again after it has completed.",
  },
  ErrAddressCreateRateLimitReached: {
    status: 429,
    category: "rate-limit",
    retry: "after-long-delay",
    message: "Receive address create rate limit reached. Please try again later.",
  },
  ErrAddressLimitReached: {
    status: 400,
    category: "account-policy",
    retry: "no",
    message: "Receive address limit reached.",
  },
  ErrAmountTooBig: {
    status: 400,
    category: "validation",
    retry: "no",
    message: "The specified amount is higher than the maximum allowed.",
  },
  ErrAmountTooSmall: {
    status: 400,
    category: "validation",
    retry: "no",
    message: "The specified amount is lower than the minimum allowed.",
  },
  ErrAPIKeyNotFound: { status: 401, category: "auth", retry: "no", message: "No API key has this id." },
  ErrApiKeyRevoked: { status: 401, category: "auth", retry: "no", message: "Your API key has been revoked." },
  ErrBeneficiaryNotFound: { status: 400, category: "not-found", retry: "no", message: "Beneficiary not Found" },
  ErrBlockedSendsCurrency: {
    status: 400,
    category: "account-policy",
    retry: "after-long-delay",
    message: "Sends are currently disabled for this currency",
  },
  ErrCannotStopUnknownOrNonPendingOrder: {
    status: 400,
    category: "order",
    retry: "check-first",
    message: "Cannot stop unknown or non-pending order.",
  },
  ErrCannotTradeWhileQuoteActive: {
    status: 400,
    category: "order",
    retry: "after-backoff",
    message: "Cannot trade while you have any active quotes.",
  },
  ErrConvertPairNotSupported: {
    status: 400,
    category: "validation",
    retry: "no",
    message: "The requested pair is not supported for conversion.",
  },
  ErrConvertRateLimited: {
    status: 429,
    category: "rate-limit",
    retry: "after-backoff",
    message: "You have exceeded the conversion rate limit for this pair. Please try again later.",
  },
  ErrCounterDenominationNotAllowed: {
    status: 400,
    category: "validation",
    retry: "no",
    message: "Amount contains too many decimal places",
  },
  ErrCreditAccountNotTransactional: {
    status: 400,
    category: "validation",
    retry: "no",
    message: "The specified credit-account must be transactional",
  },
  ErrCustomRefNotAllowed: { status: 400, category: "validation", retry: "no", message: "Custom reference not allowed" },
  ErrDeadlineExceeded: {
    status: 500,
    category: "server",
    retry: "check-first",
    message: "Could not complete before the deadline",
  },
  ErrDebitAccountNotTransactional: {
    status: 400,
    category: "validation",
    retry: "no",
    message: "Debit account not transactional",
  },
  ErrDescriptionTooLong: {
    status: 400,
    category: "validation",
    retry: "no",
    message: "Your transaction reference is too long. The maximum length is 256 characters.",
  },
  ErrDifferentCurrencies: {
    status: 400,
    category: "validation",
    retry: "no",
    message: "Debit and credit accounts have different currencies",
  },
  ErrDisallowedTarget: { status: 400, category: "validation", retry: "no", message: "Given address not allowed." },
  ErrDuplicateClientMoveID: {
    status: 409,
    category: "duplicate",
    retry: "treat-as-done",
    message: "Duplicate client move id",
  },
  ErrDuplicateClientOrderID: {
    status: 409,
    category: "duplicate",
    retry: "treat-as-done",
    message: "Duplicate client order id",
  },
  ErrDuplicateExternalID: {
    status: 409,
    category: "duplicate",
    retry: "treat-as-done",
    message: "A withdrawal with an identical external id already exists.",
  },
  ErrERC20AddressAlreadyAssigned: {
    status: 400,
    category: "account-policy",
    retry: "no",
    message: "You can only create 1 ERC-20 receive address per token",
  },
  ErrERC20AssignNonDefault: {
    status: 400,
    category: "account-policy",
    retry: "no",
    message: "You can only assign ERC-20 receive addresses to your default account",
  },
  ErrFundsMoveNotFound: { status: 400, category: "not-found", retry: "no", message: "Funds move not found" },
  ErrIdempotencyKeyConflict: {
    status: 409,
    category: "duplicate",
    retry: "check-first",
    message: "A request with this idempotency_key has already been processed.",
  },
  ErrIdempotencyKeyRequestMismatch: {
    status: 409,
    category: "duplicate",
    retry: "no",
    message: "A request with this idempotency_key has a mismatched request",
  },
  ErrIncompatibleBeneficiary: {
    status: 400,
    category: "validation",
    retry: "no",
    message: "Beneficiary is incompatible with the requested withdrawal.",
  },
  ErrIncorrectPin: { status: 400, category: "auth", retry: "no", message: "Invalid pin specified" },
  ErrInsufficientBalance: { status: 400, category: "funds", retry: "no", message: "Insufficient balance." },
  ErrInsufficientFunds: { status: 400, category: "funds", retry: "no", message: "Account has insufficient funds" },
  ErrInsufficientPerms: {
    status: 403,
    category: "auth",
    retry: "no",
    message: "You do not have the required permissions to perform this action",
  },
  ErrInternal: {
    status: 500,
    category: "server",
    retry: "reads-only",
    message: "Something went wrong. We're looking into it.",
  },
  ErrInvalidAccount: { status: 400, category: "validation", retry: "no", message: "Account is invalid" },
  ErrInvalidAccountID: { status: 400, category: "validation", retry: "no", message: "Invalid account ID specified" },
  ErrInvalidAccountNumber: { status: 400, category: "validation", retry: "no", message: "Account number is invalid" },
  ErrInvalidAmount: { status: 400, category: "validation", retry: "no", message: "Invalid amount specified" },
  ErrInvalidArguments: {
    status: 400,
    category: "validation",
    retry: "no",
    message: "One or more arguments are invalid",
  },
  ErrInvalidBaseVolume: {
    status: 400,
    category: "validation",
    retry: "no",
    message: "Invalid base volume for sell order.",
  },
  ErrInvalidBranchCode: { status: 400, category: "validation", retry: "no", message: "Bank branch code is invalid." },
  ErrInvalidClientOrderId: { status: 400, category: "validation", retry: "no", message: "Invalid client order id" },
  ErrInvalidCounterVolume: {
    status: 400,
    category: "validation",
    retry: "no",
    message: "Invalid counter volume for buy order.",
  },
  ErrInvalidCurrency: { status: 400, category: "validation", retry: "no", message: "Invalid currency specified" },
  ErrInvalidDetails: { status: 400, category: "validation", retry: "no", message: "Bank account details invalid" },
  ErrInvalidMarketPair: { status: 400, category: "validation", retry: "no", message: "Market pair is invalid" },
  ErrInvalidOrderRef: { status: 400, category: "validation", retry: "no", message: "Order reference is invalid" },
  ErrInvalidOrderSide: { status: 400, category: "validation", retry: "no", message: "Order side is invalid" },
  ErrInvalidPair: { status: 200, category: "legacy", retry: "no", message: "Invalid currency pair." },
  ErrInvalidParameters: { status: 400, category: "validation", retry: "no", message: "Invalid parameters" },
  ErrInvalidPrice: { status: 400, category: "validation", retry: "no", message: "Invalid order price." },
  ErrInvalidRequestType: {
    status: 400,
    category: "validation",
    retry: "no",
    message: "Invalid withdrawal request type specified.",
  },
  ErrInvalidSourceAccount: { status: 400, category: "validation", retry: "no", message: "Invalid source account" },
  ErrInvalidStopDirection: { status: 400, category: "validation", retry: "no", message: "Stop direction is invalid." },
  ErrInvalidStopPrice: { status: 400, category: "validation", retry: "no", message: "Invalid order stop price." },
  ErrInvalidValue: {
    status: 400,
    category: "validation",
    retry: "no",
    message: "Invalid value provided for counter_volume",
  },
  ErrInvalidVolume: { status: 400, category: "validation", retry: "no", message: "Invalid order volume." },
  ErrLimitOutOfRange: {
    status: 400,
    category: "validation",
    retry: "no",
    message: "List limit is out of allowed range",
  },
  ErrMarketNotAllowed: {
    status: 400,
    category: "account-policy",
    retry: "no",
    message: "This market is not enabled for you.",
  },
  ErrMarketUnavailable: { status: 400, category: "market-state", retry: "no", message: "Market not available" },
  ErrMaxActiveFiatRequestsExists: {
    status: 400,
    category: "account-policy",
    retry: "after-long-delay",
    message: "Too many withdrawals in progress. Cancel one or try again later.",
  },
  ErrMissingIdempotencyKey: {
    status: 400,
    category: "validation",
    retry: "no",
    message: "idempotency_key is required.",
  },
  ErrNoAddressesAssigned: {
    status: 400,
    category: "not-found",
    retry: "no",
    message: "No funding addresses linked to default account",
  },
  ErrNoTradesToInferStopDirection: {
    status: 400,
    category: "market-state",
    retry: "no",
    message: "Could not place Stop Limit Order, no trades to determine direction",
  },
  ErrNotEnoughLiquidity: {
    status: 400,
    category: "market-state",
    retry: "no",
    message: "Market order price would vary too much from the market rate - use a limit order instead",
  },
  ErrNotFound: { status: 404, category: "not-found", retry: "no", message: "No result found" },
  ErrOrderCanceled: {
    status: 400,
    category: "order",
    retry: "no",
    message: "Your post-only order was cancelled before trading",
  },
  ErrOrderNotFound: { status: 400, category: "not-found", retry: "no", message: "Cannot find that order" },
  ErrPostOnly: { status: 400, category: "market-state", retry: "no", message: "Post-only order would trade" },
  ErrPostOnlyMode: {
    status: 400,
    category: "market-state",
    retry: "after-long-delay",
    message: "Market is in post-only mode",
  },
  ErrPostOnlyNotAllowed: {
    status: 400,
    category: "validation",
    retry: "no",
    message: "IOC and FOK time-in-force types are not supported as post-only orders",
  },
  ErrPriceDenominationNotAllowed: {
    status: 400,
    category: "validation",
    retry: "no",
    message: "Price contains too many decimal places",
  },
  ErrPriceTooHigh: { status: 400, category: "validation", retry: "no", message: "Price is above the maximum" },
  ErrPriceTooLow: { status: 400, category: "validation", retry: "no", message: "Price is below the minimum" },
  ErrRejectedBeneficiary: {
    status: 400,
    category: "account-policy",
    retry: "no",
    message: "Cannot request withdrawal to rejected beneficiary.",
  },
  ErrRequestTypeDoesNotSupportFastWithdrawals: {
    status: 400,
    category: "validation",
    retry: "no",
    message: "The specified request type does not support fast withdrawals.",
  },
  ErrStopPriceTooHigh: { status: 400, category: "validation", retry: "no", message: "Stop price is too high." },
  ErrStopPriceTooLow: { status: 400, category: "validation", retry: "no", message: "Stop price is too low." },
  ErrTooManyRequests: {
    status: 429,
    category: "rate-limit",
    retry: "after-backoff",
    message: "You are exceeding the allowed request rate limit",
  },
  ErrTooManyRowsRequested: { status: 400, category: "validation", retry: "no", message: "Too many rows requested" },
  ErrTravelRule: {
    status: 400,
    category: "account-policy",
    retry: "no",
    message: "Travel Rule information is required for this address before it can be used with the send API.",
  },
  ErrUnauthorised: {
    status: 401,
    category: "auth",
    retry: "no",
    message: "You are not authorised to access this route",
  },
  ErrUnderMaintenance: {
    status: 400,
    category: "market-state",
    retry: "after-long-delay",
    message: "The market is currently undergoing maintenance",
  },
  ErrUpdateRequired: { status: 400, category: "account-policy", retry: "no", message: "Luno app update required" },
  ErrUserBlockedForCancelWithdrawal: {
    status: 400,
    category: "account-policy",
    retry: "no",
    message: "User blocked from cancelling withdrawals",
  },
  ErrUserNotVerifiedForCurrency: {
    status: 400,
    category: "account-policy",
    retry: "no",
    message: "You are not verified for this currency",
  },
  ErrValueTooHigh: { status: 400, category: "validation", retry: "no", message: "Order value too high" },
  ErrVerificationLevelTooLow: {
    status: 400,
    category: "account-policy",
    retry: "no",
    message: "You must verify your identity using the Luno app before you can send crypto.",
  },
  ErrVolumeDenominationNotAllowed: {
    status: 400,
    category: "validation",
    retry: "no",
    message: "Volume contains too many decimal places",
  },
  ErrVolumeTooHigh: { status: 400, category: "validation", retry: "no", message: "Volume is above the maximum" },
  ErrVolumeTooLow: { status: 400, category: "validation", retry: "no", message: "Volume is below the minimum" },
  ErrWithdrawalBlocked: {
    status: 400,
    category: "account-policy",
    retry: "no",
    message: "To increase your withdraw limit add more information to your profile in settings.",
  },
  ErrWithdrawalNotFound: { status: 400, category: "not-found", retry: "no", message: "Cannot find that withdrawal" },
} as const satisfies Record<string, LunoErrorRow>;

/** A known `error_code`. */
export type LunoErrorCode = keyof typeof LUNO_ERRORS;

/** Tells whether `code` is one of {@linkcode LUNO_ERRORS}. */
export function isLunoErrorCode(code: string): code is LunoErrorCode {
  return Object.hasOwn(LUNO_ERRORS, code);
}

const BY_LOWER_CASE: ReadonlyMap<string, LunoErrorCode> = new Map(
  Object.keys(LUNO_ERRORS).filter(isLunoErrorCode).map((code) => [code.toLowerCase(), code]),
);

/** The known code that a text names, ignoring case: the exchange itself writes both `Api` and `API`. */
export function findLunoErrorCode(text: string): LunoErrorCode | undefined {
  return BY_LOWER_CASE.get(text.toLowerCase());
}
