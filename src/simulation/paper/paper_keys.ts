/**
 * Keys of the paper exchange: every identity has one, which is valid in this process and only for its paper accounts.
 */

import { Buffer } from "node:buffer";
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** The credentials of a client of the paper exchange. */
export interface Credentials {
  /** The identity whose paper accounts it accesses. */
  readonly id: string;
  readonly secret: string;
}

/** Length in characters. */
const MAX_IDENTITY_LENGTH = 300;

/** Creates and verifies keys; stores none. */
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

  /** The identity that an `Authorization` header authenticates; `undefined` when there is none. */
  identityOf(authorization: string | null): string | undefined {
    const [scheme, token] = authorization?.split(" ", 2) ?? [];
    if (scheme?.toLowerCase() !== "basic" || token === undefined) return undefined;
    const text = Buffer.from(token, "base64").toString("utf8");
    // An identity may contain colons, a secret never does.
    const colon = text.lastIndexOf(":");
    const identity = text.slice(0, Math.max(colon, 0));
    if (identity === "" || identity.length > MAX_IDENTITY_LENGTH) return undefined;
    const given = Buffer.from(text.slice(colon + 1));
    const wanted = Buffer.from(this.keyFor(identity).secret);
    return given.length === wanted.length && timingSafeEqual(given, wanted) ? identity : undefined;
  }
}
