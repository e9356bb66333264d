/** Checks secrets as operators enter them: surrounding blanks and line ends, or placeholders that were not replaced. */

/** A name that is safe to quote; anything else in a placeholder's position may be the secret itself. */
const NAME = "(?:env:)?[A-Z][A-Z0-9_]{1,40}|input:[a-z_-]{1,40}";

/** Common placeholders, each with a description. */
const PLACEHOLDERS: readonly (readonly [pattern: RegExp, kind: string])[] = [
  [/\$\{[^}]*\}?/, "${…}"],
  [/^\$\(.*\)$/, "$(…)"],
  [/^\$env:\w+$/i, "$env:…"],
  [/^\$[A-Za-z_]\w*$/, "$…"],
  [/^%[^%]+%$/, "%…%"],
  [/\{\{.*\}\}/, "{{…}}"],
  [/#\{.*\}/, "#{…}"],
  [/^__\w+__$/, "__…__"],
  [/^<.*>$/, "<…>"],
  [/^\[.*\]$/, "[…]"],
  [/^(?:your|my|insert|enter)[-_ ].*(?:key|secret|id|token)/i, "your-…-key"],
  [/^(?:change[-_ ]?me|todo|tbd|placeholder|null|undefined|none|nil|x{3,}|\*{3,}|\.{3,}|…)$/i, "a filler"],
  [/^(?:op|vault|file|env):\/{0,2}\S*$/, "a reference"],
];

/** The problem of a trimmed secret, which is never quoted; `undefined` when there is none. */
export function secretProblem(text: string): string | undefined {
  const value = text.replace(/^(?:"(.*)"|'(.*)'|“(.*)”|‘(.*)’)$/, "$1$2$3$4");
  if (value === "") return "expected a value";
  const kind = PLACEHOLDERS.find(([pattern]) => pattern.test(value))?.[1];
  if (kind !== undefined) {
    const name = new RegExp(`^(?:\\$\\{(${NAME})\\}|\\$(${NAME})|%(${NAME})%)$`).exec(value)?.slice(1).find(Boolean);
    const named = name === undefined ? kind : `${kind} of ${name}`;
    return `expected the value itself, and it is a placeholder (${named}) that nobody has filled in: set it, or leave it out`;
  }
  if (/[\s\p{Cc}]/u.test(text)) return "expected no blanks or line breaks inside of the value";
  if (/\p{Cf}/u.test(text)) return "expected no invisible characters inside of the value: type it, or copy it anew";
  return value === text ? undefined : "expected the value without quotation marks around it";
}

/**
 * The problem of an API key's id or secret, which must be visible ASCII characters without a quotation mark at either
 * end; an id is sent in front of a colon, so it must not contain one.
 */
export function credentialProblem(text: string, kind: "id" | "secret"): string | undefined {
  if (/^[A-Z][A-Z0-9_]*=/.test(text)) return "expected the value alone, without its name in front of it";
  if (/^["'`]|["'`]$|[^\x21-\x7e]/.test(text)) return "expected letters, digits and signs as luno.com shows them";
  return kind === "id" && text.includes(":") ? "expected the id alone, and the secret in LUNO_API_SECRET" : undefined;
}
