/** Identities as the operator's files name them. */

import { z } from "zod";

/** `local`, or a kind and a name: what a credential's holder is called, subjects of tokens with spaces and all. */
export const IdentityName = z.string().max(220).regex(
  /^(local|(key|token|cert|address):[\p{L}\p{M}\p{N}\p{P}\p{S} ]+)$/u,
  { error: "expected local, key:NAME, token:SUBJECT, cert:SAN or address:IP" },
);
