/** What every engine of the trading record promises, each promise as a function that fails where it is broken. */

import { ACCOUNT_PROMISES } from "./account_promises.ts";
import type { Promises } from "./acts.ts";
import { APPROVAL_PROMISES } from "./approval_promises.ts";
import { ARCHIVE_PROMISES } from "./archive_promises.ts";
import { AUDIT_PROMISES } from "./audit_promises.ts";
import { CLAIM_PROMISES } from "./claim_promises.ts";
import { DIALOG_PROMISES } from "./dialog_promises.ts";
import { FAULT_PROMISES } from "./fault_promises.ts";
import { HALT_PROMISES } from "./halt_promises.ts";
import { INSTANCE_PROMISES } from "./instance_promises.ts";
import { JOURNAL_PROMISES } from "./journal_promises.ts";
import { LIMIT_PROMISES } from "./limit_promises.ts";
import { PUBLISHED_PROMISES } from "./published_promises.ts";
import { PREVIEW_PROMISES } from "./preview_promises.ts";
import { VERIFY_PROMISES } from "./verify_promises.ts";

/** By what is promised. */
export const RECORD_PROMISES: Promises = {
  ...JOURNAL_PROMISES,
  ...LIMIT_PROMISES,
  ...CLAIM_PROMISES,
  ...ACCOUNT_PROMISES,
  ...APPROVAL_PROMISES,
  ...PREVIEW_PROMISES,
  ...DIALOG_PROMISES,
  ...HALT_PROMISES,
  ...INSTANCE_PROMISES,
  ...AUDIT_PROMISES,
  ...PUBLISHED_PROMISES,
  ...VERIFY_PROMISES,
  ...ARCHIVE_PROMISES,
  ...FAULT_PROMISES,
};
