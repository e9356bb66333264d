/** Thrown by a tool that needs a person's answer in a dialog of the client before it can continue. */
export class ConfirmationNeeded extends Error {
  override readonly name = "ConfirmationNeeded";

  constructor(
    /** Returned with the answer; never logged. */
    readonly token: string,
    /** The exact order, in words. */
    readonly text: string,
  ) {
    super("Cannot continue before a person has answered");
  }
}
