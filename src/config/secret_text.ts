/** A secret as operators hand it over: with blanks and line ends around it, or as a placeholder that nobody filled in. */

/** A name that is safe to repeat; anything else in a placeholder's place may be the secret itself. */
const NAME = "(?:env:)?[A-Z][A-Z0-9_]{1,40}|input:[a-z_-]{1,40}";

/** What stands in configurations where a value belongs, each with how it is called. */
const PLACEHOLDERS: readonly (readonly [pattern: RegExp, kind: string])[] = [
  [/\$\{[^}]*\}?/, "${…}"],
  [/^\$\(.*\)$/, "$(…)"],
  [/^\$env:\w+$/i, "$env:…"],
  [/^\$[A-Za-z_]\w*$/, "$…"],
  [/^%[^%]+%$/, "%…%"],
  [/\{\{.*\}\}/, "{{…}}"],
  [/^<.*>$/, "<…>"],
  [/^\[.*\]$/, "[…]"],
  [/^(?:your|my|insert|enter)[-_ ].*(?:key|secret|id|token)/i, "your-…-key"],
  [/^(?:change[-_ ]?me|todo|x{3,}|\*{3,}|\.{3,}|…)$/i, "a filler"],
];

/** What is wrong with a secret, which is never repeated; `undefined` when nothing is. It is to be trimmed. */
export function secretProblem(text: string): string | undefined {
  const value = text.replace(/^(["'])(.*)\1$/, "$2");
  if (value === "") return "expected a value";
  const kind = PLACEHOLDERS.find(([pattern]) => pattern.test(value))?.[1];
  if (kind !== undefined) {
    const name = new RegExp(`^(?:\\$\\{(${NAME})\\}|\\$(${NAME})|%(${NAME})%)$`).exec(value)?.slice(1).find(Boolean);
    const named = name === undefined ? kind : `${kind} of ${name}`;
    return `expected the value itself, and it is a placeholder (${named}) that nobody has filled in: set it, or leave it out`;
  }
  if (/[\s\p{Cc}]/u.test(text)) return "expected no blanks or line breaks inside of the value";
  return value === text ? undefined : "expected the value without quotation marks around it";
}
