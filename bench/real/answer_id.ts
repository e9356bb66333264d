/** Ids in the bytes of answers, found without parsing what surrounds them. */

/** What precedes the id in each answer of this server and of the bare servers. */
const ID_AT = '{"jsonrpc":"2.0","id":'.length;
const [COMMA, J, R, ZERO] = [0x2c, 0x6a, 0x72, 0x30];

/** The id of an answer that is a result, before or after the result. */
export function idOf(answer: Uint8Array): number {
  if (answer[2] !== J) return numberBefore(answer, answer.length - 1);
  const comma = answer.indexOf(COMMA, ID_AT);
  if (answer[comma + 2] === R) return numberBefore(answer, comma);
  throw new Error(`The server refused: ${new TextDecoder().decode(answer.subarray(0, 500))}`);
}

function numberBefore(bytes: Uint8Array, end: number): number {
  let number = 0;
  let place = 1;
  for (let at = end - 1, digit = 0; (digit = (bytes[at] ?? 0) - ZERO) >= 0 && digit <= 9; at--, place *= 10) {
    number += digit * place;
  }
  return number;
}
