import type { KeyObject } from 'node:crypto';
import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import { unauthorized } from '../refusal.ts';
import type { ResourcePath } from './resource-path.ts';

const REFUSED =
  'The input authorization token cannot serve the request. ' +
  'Please check that the expected payload is built as per the protocol, and check the key being used.';

/** In constant time: how long a refusal takes must not tell how much of a guess was right. */
const sameBytes = (left: Buffer, right: Buffer): boolean =>
  left.length === right.length && timingSafeEqual(left, right);

/** Checks the account's master key on every request. */
export class Authorizer {
  readonly #key: KeyObject;
  readonly #text: Buffer;

  /** @param key base64 */
  constructor(key: string) {
    this.#key = createSecretKey(Buffer.from(key, 'base64'));
    this.#text = Buffer.from(key);
  }

  /**
   * The signature is over verb, kind, link and date.
   * @see https://learn.microsoft.com/rest/api/cosmos-db/access-control-on-cosmosdb-resources
   */
  assertSigned(method: string, path: ResourcePath, authorization: string | undefined, date: string | undefined): void {
    const { type, signature } = parseToken(authorization);
    if (type !== 'master' || signature === undefined)
      throw unauthorized('The emulator accepts tokens of the master key only.');
    const text = `${method.toLowerCase()}\n${path.type.toLowerCase()}\n${path.link}\n${(date ?? '').toLowerCase()}\n\n`;
    const expected = createHmac('sha256', this.#key).update(text).digest();
    if (!sameBytes(Buffer.from(signature, 'base64'), expected)) throw unauthorized(REFUSED);
  }

  /** The control routes take the key itself, so that `curl` can use them. */
  assertKey(authorization: string | undefined): void {
    if (sameBytes(Buffer.from(authorization ?? ''), this.#text)) return;
    throw unauthorized('This route needs the account key in the authorization header.');
  }
}

/** `type=master&ver=1.0&sig=…`, percent-encoded as one. Not a query string: the signature's '+' stands for itself. */
function parseToken(authorization: string | undefined): { type: string | undefined; signature: string | undefined } {
  const token = /^type%3Dmaster%26ver%3D1.0%26sig%3D([A-Za-z0-9%]+)$/i.exec(authorization ?? '');
  if (token?.[1] === undefined) return { type: undefined, signature: undefined };
  return { type: 'master', signature: decodeSignature(token[1]) };
}

const decodeSignature = (text: string): string =>
  text.replace(/%(2B|2F|3D)/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
