/** The member of an answer that is not its id; a result may be JSON already. */
export type Answer = { readonly result: unknown } | { readonly resultJson: string } | {
  readonly error: { readonly code: number; readonly message: string; readonly data?: unknown };
};
