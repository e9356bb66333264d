/** A tool that needs a person's answer in a dialog of the client before it can go on. */
export class ConfirmationNeeded extends Error {
  override readonly name = "ConfirmationNeeded";

  constructor(
    /** What the answer comes back with; no log may hold it. */
    readonly token: string,
    /** The exact order, in words. */
    readonly text: string,
  ) {
    super("Cannot go on before a person has answered");
  }
}
