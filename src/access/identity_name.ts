/** Identities as credentials carry them and as the operator's files name them. */

import { z } from "zod";

/** Names that API keys may have. */
export const KEY_NAME = /[A-Za-z0-9][A-Za-z0-9._@-]{0,62}/;

/** No control, formatting, private or invisible characters, and no surrounding spaces. */
const VISIBLE = /(?! )(?:(?!\p{DI})[\p{L}\p{M}\p{N}\p{P}\p{S} ])+(?<! )/u;

const IDENTITY = new RegExp(
  `^(?:local|key:${KEY_NAME.source}|cert:[!-~]+|address:[0-9a-f:.]+(?:/[0-9]{1,3})?|token:${VISIBLE.source})$`,
  "u",
);

const SUBJECT = new RegExp(`^${VISIBLE.source}$`, "u");

/** Scripts with letters that resemble Latin letters and each other's. */
const LOOK_ALIKES = [
  /\p{Script=Latin}/u,
  /\p{Script=Cyrillic}/u,
  /\p{Script=Greek}/u,
  /\p{Script=Armenian}/u,
  /\p{Script=Cherokee}/u,
  /\p{Script=Coptic}/u,
];

/** A token's subject: restricted so that two different subjects do not look alike. */
export const Subject = z.string().max(200).regex(SUBJECT).refine(isUnmistakable);

/** `local`, or a kind and a name: the identity of a credential's holder, including subjects of tokens with spaces. */
export const IdentityName = z.string().max(220).regex(IDENTITY, {
  error: "expected local, key:NAME, token:SUBJECT, cert:SAN or address:IP",
}).refine((name) => !IDENTITY.test(name) || isUnmistakable(name), {
  error: "expected a name in composed form (NFC) whose letters are of one script, as look-alikes are refused",
});

/** Identities in a file that a schema's record silently skips: there is one such key. */
export function hiddenIdentities(file: unknown): string[] {
  if (typeof file !== "object" || file === null || !("identities" in file)) return [];
  const { identities } = file;
  const isHidden = typeof identities === "object" && identities !== null && Object.hasOwn(identities, "__proto__");
  return isHidden ? ["identities.__proto__: expected local, key:NAME, token:SUBJECT, cert:SAN or address:IP"] : [];
}

/** Normalized, and not spelt with look-alike letters of several scripts. */
function isUnmistakable(text: string): boolean {
  return text === text.normalize("NFC") && LOOK_ALIKES.filter((script) => script.test(text)).length <= 1;
}
