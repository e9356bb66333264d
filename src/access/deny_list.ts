/** Certificates that their authority cannot revoke: a text file that names one per line. */

/** A deny list, or every problem with it; each names its line. */
export type ParsedDenyList = { ok: true; list: DenyList } | { ok: false; problems: string[] };

/** The marks by which a certificate can be denied; hex, lower case, the serial number without leading zeros. */
export interface CertificateMarks {
  readonly serial: string;
  readonly fingerprint: string;
}

/** More than an operator denies by hand, and little enough to keep in memory. */
const MAX_ENTRIES = 100_000;
/** A file of another kind would have a problem on every line. */
const MAX_PROBLEMS = 100;
const FINGERPRINT_DIGITS = 64;
const MAX_SERIAL_DIGITS = 40;

/** Digits without separators, or in pairs separated by colons. */
const HEX = /^(?:[0-9a-f]+|[0-9a-f]{2}(?::[0-9a-f]{2})+)$/;

/** Denied serial numbers, whatever their issuer, and fingerprints. */
export class DenyList {
  /** Serial numbers and fingerprints together: their lengths differ. */
  readonly #entries: ReadonlySet<string>;

  constructor(entries: ReadonlySet<string>) {
    this.#entries = entries;
  }

  /** The number of distinct entries. */
  get size(): number {
    return this.#entries.size;
  }

  /** Tells whether a certificate is denied by either mark. */
  has({ serial, fingerprint }: CertificateMarks): boolean {
    return this.#entries.has(serial) || this.#entries.has(fingerprint);
  }
}

/**
 * Parses a deny list: each line is a serial number in hex or a SHA-256 fingerprint, in any case, with or without
 * colons; `#` begins a comment.
 */
export function parseDenyList(text: string): ParsedDenyList {
  const entries = new Set<string>();
  const problems: string[] = [];
  let count = 0;
  let bad = 0;
  for (const [index, line] of text.split(/\r\n?|\n/).entries()) {
    const written = line.replace(/#.*/, "").trim().toLowerCase();
    if (written === "") continue;
    count++;
    const entry = parseEntry(written);
    if (entry !== undefined) {
      if (entries.size <= MAX_ENTRIES) entries.add(entry);
    } else if (++bad <= MAX_PROBLEMS) {
      // The line is not quoted: if the wrong file was given, it may hold a secret.
      problems.push(
        `line ${index + 1}: expected a serial number (at most ${MAX_SERIAL_DIGITS} digits in hex) ` +
          `or a SHA-256 fingerprint (${FINGERPRINT_DIGITS})`,
      );
    }
  }
  if (bad > MAX_PROBLEMS) problems.push(`${bad - MAX_PROBLEMS} more lines with the same problem`);
  if (count > MAX_ENTRIES) problems.push(`expected at most ${MAX_ENTRIES} entries: current number is ${count}`);
  return problems.length === 0 ? { ok: true, list: new DenyList(entries) } : { ok: false, problems };
}

/** The normal form in which serial numbers are compared: hex, lower case, without leading zeros. */
export function normalizeSerial(hex: string): string {
  return hex.toLowerCase().replace(/^0+(?=.)/, "");
}

function parseEntry(written: string): string | undefined {
  if (!HEX.test(written)) return undefined;
  const digits = written.replaceAll(":", "");
  if (digits.length === FINGERPRINT_DIGITS) return digits;
  const serial = normalizeSerial(digits);
  return serial.length <= MAX_SERIAL_DIGITS ? serial : undefined;
}
