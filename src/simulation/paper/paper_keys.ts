/** Keys of the paper exchange: every identity has one, which is good for this process and opens paper accounts only. */

import { Buffer } from "node:buffer";
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** What a client of the paper exchange signs in with. */
export interface Credentials {
  /** The identity whose paper accounts it opens. */
  readonly id: string;
  readonly secret: string;
}

/** Length in characters. */
const MAX_IDENTITY_LENGTH = 300;

/** Makes keys and recognises them; keeps none. */
export class PaperKeys {
  readonly #seed = randomBytes(32);

  /**
   * The key of an identity.
   *
   * @throws {RangeError} for an empty identity, or one beyond 300 characters
   */
  keyFor(identity: string): Credentials {
    if (identity === "" || identity.length > MAX_IDENTITY_LENGTH) {
      throw new RangeError(
        `Cannot make a paper key as the identity must have 1 to ${MAX_IDENTITY_LENGTH} characters: ` +
          `current length is ${identity.length}`,
      );
    }
    return { id: identity, secret: createHmac("sha256", this.#seed).update(identity).digest("hex") };
  }

  /** The identity that an `Authorization` header proves, or `undefined`. */
  identityOf(authorization: string | null): string | undefined {
    const [scheme, token] = authorization?.split(" ", 2) ?? [];
    if (scheme?.toLowerCase() !== "basic" || token === undefined) return undefined;
    const text = Buffer.from(token, "base64").toString("utf8");
    // An identity may hold colons, a secret never does.
    const colon = text.lastIndexOf(":");
    const identity = text.slice(0, Math.max(colon, 0));
    if (identity === "" || identity.length > MAX_IDENTITY_LENGTH) return undefined;
    const given = Buffer.from(text.slice(colon + 1));
    const wanted = Buffer.from(this.keyFor(identity).secret);
    return given.length === wanted.length && timingSafeEqual(given, wanted) ? identity : undefined;
  }
}
