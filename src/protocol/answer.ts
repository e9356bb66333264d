/** An answer without its id; a result may already be JSON. */
export type Answer = { readonly result: unknown } | { readonly resultJson: string } | {
  readonly error: { readonly code: number; readonly message: string; readonly data?: unknown };
};
